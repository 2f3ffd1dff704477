#include "palimpsest/rule/mesa_system.hpp"

#include <cassert>
#include <cmath>
#include <map>
#include <utility>

namespace palimpsest {

/// Of the writes that a position sees. Products of decays are sums of logs from the position back, which grow and so
/// round no more than they must; where π_t underflows, the write is forgotten.
struct MesaSystem::Weights {
  Vector<double> left, root;  // π_t and w_t = √(β_t π_t)

  Weights(const MesaGates<double>& gates, Index seen) : left(seen), root(seen) {
    double log_left = 0;
    for (Index t = seen - 1; t >= 0; --t) {
      left(t) = std::exp(log_left);
      root(t) = std::sqrt(gates.beta(t) * left(t));
      log_left += gates.log_alpha(t);
    }
  }
};

/// Solves position after position. The Gram matrix of a position is had from the one before: by features,
/// G ← α … α G + K' K'ᵀ with the writes K' since then; by writes, all are a corner of one, up to their weights.
class MesaSystem::Sweep {
 public:
  explicit Sweep(const MesaSystem& of) : of_(of) {
    const Index p = of.keys_.rows();
    Index most = 0;
    for (const Position& at : of.positions_)
      if (at.seen < p) most = at.seen;
    overlap_.setZero(most, most);
    overlap_.selfadjointView<Eigen::Lower>().rankUpdate(of.keys_.leftCols(most).transpose());
    if (!of.positions_.empty() && of.positions_.back().seen >= p) G_.setZero(p, p);
  }

  /// The scaled problem, whose coefficients are c_{t,n}/w_t.
  void solve(const Position& at, const Weights& weights, LeastSquares& system) {
    const auto roots = weights.root.asDiagonal();
    Matrix<double> K = of_.keys_.leftCols(at.seen) * roots, Q(K.rows(), std::ssize(at.queries)), gram;
    for (Index n = 0; n < Q.cols(); ++n) Q.col(n) = of_.queries_.col(at.queries[static_cast<std::size_t>(n)]);
    if (at.seen < K.rows()) {
      gram = roots * overlap_.topLeftCorner(at.seen, at.seen) * roots;
    } else {
      if (carried_ > 0) G_ *= weights.left(carried_ - 1);
      G_.selfadjointView<Eigen::Lower>().rankUpdate(K.rightCols(at.seen - carried_));
      carried_ = at.seen;
      gram = G_;
    }
    system.solve(std::move(K), std::move(gram), Q, 1, unused_);
  }

 private:
  const MesaSystem& of_;
  Matrix<double> overlap_, G_;  // lower halves; as many writes as are solved by writes, and p×p
  Index carried_ = 0;           // writes that G has
  Matrix<double> unused_;
};

void MesaSystem::solve(const Matrix<double>& K, const MesaGates<double>& gates, const Matrix<double>& Q,
                       std::span<const Index> after, Matrix<double>& C) {
  assert(after.empty() || std::ssize(after) == Q.cols());
  gates_ = gates;
  const Vector<double> scale = gates.lambda.cwiseSqrt().cwiseInverse();
  keys_ = scale.asDiagonal() * K;
  queries_ = scale.asDiagonal() * Q;
  lengths_ = keys_.colwise().squaredNorm();
  std::map<Index, std::vector<Index>> queries;
  for (Index n = 0; n < Q.cols(); ++n) queries[writes_seen(after, n, K.cols())].push_back(n);
  queries.erase(0);
  positions_.clear();
  for (auto& [seen, who] : queries) positions_.push_back({seen, std::move(who)});

  C.setZero(K.cols(), Q.cols());
  Sweep sweep(*this);
  LeastSquares system;
  for (const Position& at : positions_) {
    const Weights weights(gates_, at.seen);
    sweep.solve(at, weights, system);
    Index column = 0;
    for (const Index n : at.queries)
      C.col(n).head(at.seen) = weights.root.cwiseProduct(system.coefficients().col(column++));
  }
  only_ = positions_.size() == 1 ? std::move(system) : LeastSquares();
}

MesaGradient<double> MesaSystem::backward(const Matrix<double>& dC) const {
  const Index p = keys_.rows(), L = keys_.cols();
  MesaGradient<double> d{Matrix<double>::Zero(p, L),
                         {Vector<double>::Zero(L), Vector<double>::Zero(L), Vector<double>::Zero(p)},
                         Matrix<double>::Zero(p, queries_.cols())};
  Sweep sweep(*this);
  LeastSquares again;
  Matrix<double> scaled_dC, z, rest;
  for (const Position& at : positions_) {
    const Weights weights(gates_, at.seen);
    const bool kept = positions_.size() == 1;
    if (!kept) sweep.solve(at, weights, again);
    const LeastSquares& system = kept ? only_ : again;
    const Matrix<double>&c = system.coefficients(), &u = system.solution();

    scaled_dC.resize(at.seen, c.cols());
    Index column = 0;
    for (const Index n : at.queries) scaled_dC.col(column++) = weights.root.cwiseProduct(dC.col(n).head(at.seen));
    system.backward_in_parts(scaled_dC, z, rest);
    column = 0;
    for (const Index n : at.queries) d.Q.col(n) = z.col(column++);
    d.gates.lambda -= z.cwiseProduct(u).rowwise().sum();
    d.K.leftCols(at.seen) += (u * rest.transpose() - z * c.transpose()) * weights.root.asDiagonal();

    double before = 0;  // Σ s ds of the writes before t
    for (Index t = 0; t < at.seen; ++t) {
      const double s = weights.root(t) * weights.root(t);
      const double s_ds = c.row(t).dot(rest.row(t));
      double ds = s_ds / s;
      if (!(s * lengths_(t) > 1)) {
        ds = 0;
        for (Index n = 0; n < c.cols(); ++n)
          ds += keys_.col(t).dot(u.col(n)) *
                (dC(t, at.queries[static_cast<std::size_t>(n)]) - keys_.col(t).dot(z.col(n)));
      }
      d.gates.beta(t) += weights.left(t) * ds;
      d.gates.log_alpha(t) += before;
      before += s_ds;
    }
  }
  const Vector<double> scale = gates_.lambda.cwiseSqrt().cwiseInverse();
  d.K = scale.asDiagonal() * d.K;
  d.Q = scale.asDiagonal() * d.Q;
  d.gates.lambda = d.gates.lambda.cwiseQuotient(gates_.lambda);
  return d;
}

}  // namespace palimpsest
