#include "engine/recurrence.hpp"

#include <cmath>

#include "reference/random.hpp"

namespace palimpsest::engine {
namespace {

using M = Matrix<double>;
using V = Vector<double>;

/// What a write does to the state, from its factors.
struct Write {
  V D, a, b, k;
  double w;
};

Write write(const Factors<double>& f, Index t) {
  const Index p = f.features();
  Write x{V::Ones(p), V::Zero(p), V::Zero(p), f.K.col(t), f.w(t)};
  if (f.structure.decay == Decay::scalar) x.D.setConstant(std::exp(f.log_decay(0, t)));
  if (f.structure.decay == Decay::diagonal) x.D = f.log_decay.col(t).array().exp();
  if (f.structure.erase == Erase::along) x.a = -f.erase(t) * x.D.cwiseProduct(x.k), x.b = x.k;
  if (f.structure.erase == Erase::free) x.a = f.A.col(t), x.b = f.B.col(t);
  return x;
}

M transition(const Write& x) { return M(x.D.asDiagonal()) + x.a * x.b.transpose(); }

/// d: the gradient by a write.
void write_backward(const Factors<double>& f, Index t, Write d, Factors<double>& gradient) {
  const Write x = write(f, t);
  if (f.structure.erase == Erase::along) {
    d.k += d.b - f.erase(t) * x.D.cwiseProduct(d.a);
    d.D -= f.erase(t) * x.k.cwiseProduct(d.a);
    gradient.erase(t) -= x.D.cwiseProduct(x.k).dot(d.a);
  }
  if (f.structure.erase == Erase::free) gradient.A.col(t) += d.a, gradient.B.col(t) += d.b;
  if (f.structure.decay == Decay::scalar) gradient.log_decay(0, t) += x.D.dot(d.D);
  if (f.structure.decay == Decay::diagonal) gradient.log_decay.col(t) += x.D.cwiseProduct(d.D);
  gradient.K.col(t) += d.k;
  gradient.w(t) += d.w;
}

Index seen(const Problem& x, Index n) { return x.after.empty() ? x.factors.writes() : x.after[n]; }

template <class T>
std::pair<Factors<T>, Factors<T>> with_gradient(const Factors<double>& factors) {
  Factors<T> f = cast<T>(factors);
  Factors<T> gradient = zero_like(f);
  return {f, gradient};
}

}  // namespace

Problem problem(const Size& size, std::vector<Index> after, std::uint64_t number) {
  const auto [structure, p, L, N, d_v] = size;
  auto draw = [next = 20 * number](Index rows, Index cols) mutable { return reference::normal(rows, cols, next++); };
  Problem x;
  Factors<double>& f = x.factors;
  f.structure = structure;
  f.K = draw(p, L).colwise().normalized() * 0.95;
  f.w = draw(L, 1);
  const Index decays = structure.decay == Decay::none ? 0 : structure.decay == Decay::scalar ? 1 : p;
  if (decays > 0) f.log_decay = -0.5 * draw(decays, L).array().tanh().abs();
  if (structure.erase == Erase::along) f.erase = 0.65 + 0.35 * draw(L, 1).array().tanh();
  if (structure.erase == Erase::free) {
    const M direction = draw(p, L).colwise().normalized(), other = draw(p, L).colwise().normalized();
    f.B = direction;
    f.A = -0.7 * direction + 0.2 * other;
  }
  x.V = draw(d_v, L);
  x.Q = draw(p, N).colwise().normalized();
  x.dY = draw(d_v, N);
  x.after = std::move(after);
  return x;
}

std::vector<M> states(const Factors<double>& factors, const M& values, const M& W) {
  std::vector<M> all{W.size() > 0 ? W : M::Zero(values.rows(), factors.features())};
  for (Index t = 0; t < factors.writes(); ++t) {
    const Write x = write(factors, t);
    all.push_back(all.back() * transition(x) + x.w * values.col(t) * x.k.transpose());
  }
  return all;
}

Answers by_recurrence(const Problem& x) {
  const Factors<double>& f = x.factors;
  const auto W = states(f, x.V, x.W);
  Answers result{M(x.V.rows(), x.Q.cols()),
                 {zero_like(f), M::Zero(x.V.rows(), x.V.cols()), M::Zero(x.Q.rows(), x.Q.cols())}};
  auto& gradient = result.gradients;
  for (Index n = 0; n < x.Q.cols(); ++n) {
    result.Y.col(n) = W[seen(x, n)] * x.Q.col(n);
    gradient.Q.col(n) = W[seen(x, n)].transpose() * x.dY.col(n);
  }
  M dW = M::Zero(x.V.rows(), f.features());
  for (Index t = f.writes() - 1; t >= 0; --t) {
    for (Index n = 0; n < x.Q.cols(); ++n)
      if (seen(x, n) == t + 1) dW += x.dY.col(n) * x.Q.col(n).transpose();
    const Write w = write(f, t);
    const M dT = W[t].transpose() * dW;
    write_backward(
        f, t,
        {dT.diagonal(), dT * w.b, dT.transpose() * w.a, w.w * dW.transpose() * x.V.col(t), x.V.col(t).dot(dW * w.k)},
        gradient.factors);
    gradient.V.col(t) += w.w * dW * w.k;
    dW = dW * transition(w).transpose();
  }
  return result;
}

template <class T>
Factors<T> cast(const Factors<double>& f) {
  return {f.structure,       f.K.cast<T>(), f.w.cast<T>(), f.log_decay.cast<T>(),
          f.erase.cast<T>(), f.A.cast<T>(), f.B.cast<T>()};
}

template <class T>
Factors<double> in_double(const Factors<T>& f) {
  const auto d = [](const auto& x) { return x.template cast<double>().eval(); };
  return {f.structure, d(f.K), d(f.w), d(f.log_decay), d(f.erase), d(f.A), d(f.B)};
}

template <class T>
Answers by_queries(const Problem& x, Index chunk) {
  auto [f, gradient] = with_gradient<T>(x.factors);
  const Matrix<T> Q = x.Q.cast<T>();
  Matrix<T> C(f.writes(), Q.cols()), dQ = Matrix<T>::Zero(Q.rows(), Q.cols());
  QuerySide<T> side;
  typename QuerySide<T>::Kept kept;
  side.coefficients(f, Q, x.after, C, kept, chunk);
  const Matrix<T> dC = (x.V.transpose() * x.dY).cast<T>();
  side.coefficients_backward(f, dC, kept, gradient, dQ);
  const M in_full = C.template cast<double>();
  return {x.V * in_full, {in_double(gradient), x.dY * in_full.transpose(), dQ.template cast<double>()}};
}

template <class T>
Answers by_state(const Problem& x, Index chunk) {
  auto [f, gradient] = with_gradient<T>(x.factors);
  const Matrix<T> Q = x.Q.cast<T>(), values = x.V.cast<T>(), dY = x.dY.cast<T>();
  Matrix<T> Y(values.rows(), Q.cols()), dQ = Matrix<T>::Zero(Q.rows(), Q.cols());
  Matrix<T> dV = Matrix<T>::Zero(values.rows(), values.cols());
  StateSide<T> side;
  typename StateSide<T>::Kept kept;
  const Matrix<T> W = x.W.cast<T>();
  side.read(f, Dense<T>{values}, Q, x.after, Y, kept, {.first = W.size() > 0 ? &W : nullptr}, chunk);
  side.read_backward(f, Dense<T>{values}, Q, dY, kept, gradient, dQ, dV);
  return {Y.template cast<double>(), {in_double(gradient), dV.template cast<double>(), dQ.template cast<double>()}};
}

template Factors<float> cast(const Factors<double>&);
template Factors<double> cast(const Factors<double>&);
template Answers by_queries<float>(const Problem&, Index);
template Answers by_queries<double>(const Problem&, Index);
template Answers by_state<float>(const Problem&, Index);
template Answers by_state<double>(const Problem&, Index);

std::vector<std::pair<const char*, std::vector<double*>>> inputs(Factors<double>& f, M& values, M& Q) {
  std::vector<std::pair<const char*, std::vector<double*>>> result;
  const auto add = [&](const char* name, auto& x) {
    result.emplace_back(name, std::vector<double*>());
    for (Index i = 0; i < x.size(); ++i) result.back().second.push_back(x.data() + i);
  };
  add("K", f.K);
  add("w", f.w);
  add("log_decay", f.log_decay);
  add("erase", f.erase);
  add("A", f.A);
  add("B", f.B);
  add("V", values);
  add("Q", Q);
  return result;
}

Vector<double> all(const Gradients& gradients) {
  Gradients copy = gradients;
  std::vector<double> numbers;
  for (const auto& [name, part] : inputs(copy.factors, copy.V, copy.Q))
    for (const double* x : part) numbers.push_back(*x);
  return Eigen::Map<Vector<double>>(numbers.data(), std::ssize(numbers));
}

std::vector<std::vector<Index>> positions(Index L, Index N) {
  std::vector<Index> none(N, 0), causal(N), random(N), borders(N);
  Stream stream(3, Purpose::test, static_cast<std::uint64_t>(100 * L + N));
  for (Index n = 0; n < N; ++n) {
    causal[n] = (n + 1) * L / N;
    random[n] = stream.below(static_cast<std::uint32_t>(L + 1));
    borders[n] = std::min(L, std::vector<Index>{4, 3, 5, 64, 63, 65, 0, 8, 128, 127, 129, 16, 15, 17}[n % 14]);
  }
  return {{}, none, causal, random, borders};
}

std::vector<Structure> structures() {
  std::vector<Structure> all;
  for (const Decay decay : {Decay::none, Decay::scalar, Decay::diagonal})
    for (const Erase erase : {Erase::none, Erase::along, Erase::free}) all.push_back({decay, erase});
  return all;
}

std::string test_name(const testing::TestParamInfo<Structure>& info) {
  const char* decays[] = {"NoDecay", "Scalar", "Diagonal"};
  const char* erases[] = {"ErasesNothing", "ErasesAlong", "ErasesFreely"};
  return std::string(decays[static_cast<int>(info.param.decay)]) + erases[static_cast<int>(info.param.erase)];
}

}  // namespace palimpsest::engine
