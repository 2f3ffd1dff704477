#include "layer/naive.hpp"

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <string>

#include "reference/dense.hpp"

namespace palimpsest::layer_test {
namespace {

using M = Matrix<double>;
using V = Vector<double>;
using Named = std::map<std::string, M>;

V rms(const V& x, const M& gain) {
  return x.cwiseProduct(V(gain)) / std::sqrt(x.squaredNorm() / double(x.size()) + 1e-6);
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

M mixed(const SequenceOptions& options, const Named& parameters, const std::string& name, const M& X) {
  const MemoryOptions& memory = options.options;
  const Index H = options.heads, d = memory.key_dim, d_v = options.width / H, L = X.cols();
  const bool product = memory.rule.starts_with("delta_product");
  const Index n = product ? std::stoi(memory.rule.substr(memory.rule.find(':') + 1)) : 1;
  const auto gates = TokenMemory<double>(options.memory, memory).gates();
  M P = parameters.at(name + ".projections") * X;
  if (!gates.empty()) {
    const M& b = parameters.at(name + ".projections.bias");
    for (Index r = 0; r < b.rows(); ++r) P.row(P.rows() - b.rows() + r).array() += b(r);
  }
  const Index channels = H * (d + n * (d + d_v));
  M U = P;
  if (options.taps > 1) {
    const M& w = parameters.at(name + ".convolution");
    for (Index r = 0; r < channels; ++r)
      for (Index t = 0; t < L; ++t) {
        U(r, t) = 0;
        for (Index j = 0; j < options.taps && j <= t; ++j) U(r, t) += w(r, j) * P(r, t - j);
      }
  }
  M O(options.width, L);
  for (Index h = 0; h < H; ++h) {
    reference::State state(product ? "delta" : memory.rule, memory.normalization, d_v, d);
    for (Index t = 0; t < L; ++t) {
      V y;
      const auto key = [&](Index j, Index s) { return V(U.col(s).segment(H * d + (j * H + h) * d, d)); };
      const auto value = [&](Index j, Index s) {
        return V(U.col(s).segment(H * d * (1 + n) + (j * H + h) * d_v, d_v));
      };
      const V q = U.col(t).segment(h * d, d);
      if (options.memory == "softmax") {
        double total = 0;
        y = V::Zero(d_v);
        for (Index s = 0; s <= t; ++s) {
          const double weight = std::exp(key(0, s).dot(q) / std::sqrt(double(d)));
          y += weight * value(0, s), total += weight;
        }
        y /= total;
      } else {
        const Index of_one = static_cast<Index>(gates.size());
        for (Index j = 0; j < n; ++j) {
          reference::Gates open;
          for (Index g = 0; g < of_one; ++g) {
            const auto& name = gates[static_cast<std::size_t>(g)].name;
            const double largest = name == "beta" ? memory.largest_beta : 1;
            open[std::string(name)] = V::Constant(1, largest * sigmoid(U(channels + (j * H + h) * of_one + g, t)));
          }
          state.write(key(j, t), value(j, t), open);
        }
        y = state.read(q);
      }
      O.col(t).segment(h * d_v, d_v) = rms(y, parameters.at(name + ".norm").middleRows(h * d_v, d_v));
    }
  }
  return parameters.at(name + ".output") * O;
}

V fed(const Named& parameters, const std::string& name, const V& x) {
  const V ab = parameters.at(name + ".input") * x;
  const Index inner = ab.size() / 2;
  V middle(inner);
  for (Index i = 0; i < inner; ++i) middle(i) = ab(i) * sigmoid(ab(i)) * ab(inner + i);
  return parameters.at(name + ".output") * middle;
}

}  // namespace

std::vector<double> naive_losses(const SequenceOptions& options, SequenceModel<double>& model,
                                 const TokenBatch& batch) {
  Named parameters;
  for (const auto* parameter : model.parameters()) parameters[parameter->name] = parameter->value;
  const M& E = parameters.at("embedding");
  const M outputs = options.tied ? M(E.rightCols(options.vocabulary - options.first_output)) : parameters.at("logits");
  std::vector<double> losses;
  for (Index i = 0; i < batch.layout.sequences(); ++i) {
    const Index first = batch.layout.start(i), L = batch.layout.length(i);
    M h(options.width, L);
    for (Index t = 0; t < L; ++t) {
      const auto embedded = [&](int token) { return token == kNoToken ? V(V::Zero(options.width)) : V(E.col(token)); };
      const V x = embedded(batch.tokens[static_cast<std::size_t>(first + t)]);
      h.col(t) = x;
      if (!options.pairs) continue;
      V both(2 * options.width);
      both << x, embedded(batch.partners[static_cast<std::size_t>(first + t)]);
      h.col(t) = parameters.at("input") * both;
    }
    for (Index layer = 0; layer < options.layers; ++layer) {
      const std::string name = fmt::format("layers.{}", layer);
      M x(options.width, L);
      for (Index t = 0; t < L; ++t) x.col(t) = rms(h.col(t), parameters.at(name + ".mixer_norm"));
      h += mixed(options, parameters, name + ".mixer", x);
      if (!options.mlp) continue;
      for (Index t = 0; t < L; ++t)
        h.col(t) += fed(parameters, name + ".mlp", rms(h.col(t), parameters.at(name + ".mlp_norm")));
    }
    const Index m = batch.targets_per_question;
    for (std::size_t n = 0; n < batch.positions.size(); ++n) {
      if (batch.positions[n] < first || batch.positions[n] >= first + L) continue;
      V last = rms(h.col(batch.positions[n] - first), parameters.at("norm"));
      if (options.pairs) last = parameters.at("output") * last;
      const V logits = outputs.transpose() * last;
      double loss = std::log(logits.array().exp().sum());
      for (Index j = 0; j < m; ++j)
        loss -= logits(batch.targets[n * static_cast<std::size_t>(m) + static_cast<std::size_t>(j)] -
                       options.first_output) /
                double(m);
      losses.push_back(loss);
    }
  }
  return losses;
}

}  // namespace palimpsest::layer_test
