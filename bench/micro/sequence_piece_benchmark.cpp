// What a training step of a model of layers is made of, forward and adjoint of each piece together, at the sizes of sequence_step/mqar
// (width 64, four questions in 64 tokens, 8192 tokens of vocabulary). A model takes a batch in parts of 1024 tokens, and so do these rows;
// a step of 256 sequences has 16 parts:
//   sequence_piece/projections     q, k, v and β, one matrix; twice in a part
//   sequence_piece/convolution     of q, k and v over four tokens; twice
//   sequence_piece/norm            three times, the norm per head, and those of tokens that ask
//   sequence_piece/memory/…        writes and answers of every token, as the first layer has them
//   sequence_piece/memory_asked/…  the same where one token in 16 asks, as the last layer has them
//   sequence_piece/output          W_o, once of every token and once of those that ask
//   sequence_piece/head            logits of the questions, cross entropy, and the embedding's gradient
//   sequence_piece/adamw           all parameters, once a step
// Norms and convolutions do little with what they read: GB/s is what they are limited by.
#include <fmt/format.h>

#include <string>
#include <vector>

#include "measure.hpp"
#include "palimpsest/layer/cross_entropy.hpp"
#include "palimpsest/layer/linear.hpp"
#include "palimpsest/layer/rms_norm.hpp"
#include "palimpsest/layer/short_convolution.hpp"
#include "palimpsest/memory/token_memory.hpp"
#include "palimpsest/train/adam.hpp"

namespace palimpsest::micro {
namespace {

constexpr Index kSequences = 16, kLength = 64, kTokens = kSequences * kLength, kWidth = 64, kVocabulary = 8192,
                kTaps = 4;
constexpr Index kQuestionsEvery = 16, kQuestions = kTokens / kQuestionsEvery;

Layout sequences() {
  Layout layout;
  for (Index i = 0; i <= kSequences; ++i) layout.starts.push_back(i * kLength);
  return layout;
}

/// outputs×inputs of every token.
void linear(benchmark::State& state, Index outputs) {
  Linear<Real> layer("linear", outputs, kWidth);
  Stream stream(1, Purpose::test, 0);
  layer.start(stream, Real(0.02));
  const auto X = uniform_matrix(kWidth, kTokens, 0), dY = uniform_matrix(outputs, kTokens, 1);
  Matrix<Real> Y(outputs, kTokens), dX = Matrix<Real>::Zero(kWidth, kTokens);
  measure(state, 6.0 * double(outputs) * double(kWidth) * double(kTokens), [&] {
    layer.forward(X, Y);
    layer.backward(X, dY, dX);
    return Y(0, 0) + dX(0, 0);
  });
}

void convolution(benchmark::State& state) {
  constexpr Index channels = 3 * kWidth;
  ShortConvolution<Real> layer("convolution", channels, kTaps);
  Stream stream(1, Purpose::test, 0);
  layer.start(stream);
  const Layout layout = sequences();
  const auto X = uniform_matrix(channels, kTokens, 0), dY = uniform_matrix(channels, kTokens, 1);
  Matrix<Real> Y(channels, kTokens), dX = Matrix<Real>::Zero(channels, kTokens);
  const double entries = double(channels) * double(kTokens);
  // Reads X, and again with dY, which it reads twice; reads and writes dX.
  measure(
      state, 6.0 * double(kTaps) * entries,
      [&] {
        layer.forward(layout, X, Y);
        layer.backward(layout, X, dY, dX);
        return Y(0, 0) + dX(0, 0);
      },
      7 * sizeof(Real) * entries);
}

void norm(benchmark::State& state) {
  RmsNorm<Real> layer("norm", kWidth);
  const auto X = uniform_matrix(kWidth, kTokens, 0), dY = uniform_matrix(kWidth, kTokens, 1);
  Matrix<Real> Y(kWidth, kTokens), r(1, kTokens), dX = Matrix<Real>::Zero(kWidth, kTokens);
  const double entries = double(kWidth) * double(kTokens);
  // Reads X, writes Y; reads X, dY and dX, writes dX.
  measure(
      state, 14 * entries,
      [&] {
        layer.forward(X, Y, r);
        layer.backward(X, r, dY, dX);
        return Y(0, 0) + dX(0, 0);
      },
      6 * sizeof(Real) * entries);
}

/// Every `every`-th token asks. Operations are those of products of a chunk's matrices that the causal answer needs at least,
/// keys with queries and values with what these find, 4·L/2 a feature and query, three times with the adjoint.
void memory(benchmark::State& state, const std::string& name, MemoryOptions options, Index every) {
  options.key_dim = kWidth;
  TokenMemory<Real> memory(name, options);
  memory.start();
  const Index queries = kLength / every;
  std::vector<Index> seen;
  for (Index n = 0; n < queries; ++n) seen.push_back((n + 1) * every);
  const auto K = uniform_matrix(kWidth, kTokens, 0), V = uniform_matrix(kWidth, kTokens, 1),
             Q = uniform_matrix(kWidth, kSequences * queries, 2), dY = uniform_matrix(kWidth, kSequences * queries, 3),
             logits = uniform_matrix(memory.gate_rows(), kTokens, 4);
  Matrix<Real> Y = dY, dK = K, dV = V, dQ = Q, dlogits = logits;
  std::vector<TokenMemory<Real>::Kept> kept(kSequences);
  const double products = 3 * 4 * double(kLength) / 2 * double(kWidth) * double(kSequences) * double(queries);
  measure(state, products, [&] {
    for (Index i = 0; i < kSequences; ++i) {
      const auto writes = [&](auto& matrix) { return matrix.middleCols(i * kLength, kLength); };
      const auto asked = [&](auto& matrix) { return matrix.middleCols(i * queries, queries); };
      auto& read = kept[static_cast<std::size_t>(i)];
      memory.read(writes(K), writes(V), writes(logits), asked(Q), seen, asked(Y), read);
      memory.backward(writes(K), writes(V), writes(logits), asked(Q), asked(dY), read, writes(dK), writes(dV),
                      writes(dlogits), asked(dQ));
    }
    return dQ(0, 0);
  });
}

void head(benchmark::State& state) {
  CrossEntropy<Real> loss;
  const auto E = uniform_matrix(kWidth, kVocabulary, 0), H = uniform_matrix(kWidth, kQuestions, 1);
  Matrix<Real> dH = Matrix<Real>::Zero(kWidth, kQuestions), dE = Matrix<Real>::Zero(kWidth, kVocabulary);
  std::vector<int> targets;
  for (Index n = 0; n < kQuestions; ++n) targets.push_back(static_cast<int>(n * 31 % kVocabulary));
  MatrixView<Real> dE_view = dE;
  measure(state, 6.0 * double(kWidth) * double(kVocabulary) * double(kQuestions),
          [&] { return loss.train(E, H, targets, Real(1) / Real(kQuestions), dH, &dE_view); });
}

void adamw(benchmark::State& state) {
  constexpr Index entries = kWidth * (kVocabulary + 2 * (3 * kWidth + kWidth));  // embedding, projections, W_o
  Parameter<Real> parameter("all", kWidth, entries / kWidth);
  parameter.value.setConstant(Real(0.02));
  parameter.gradient.setConstant(Real(1e-3));
  const std::vector<Parameter<Real>*> all{&parameter};
  Adam<Real> adam;
  measure(
      state, double(entries) * kAdamOperations,
      [&] {
        adam.update(all, 1e-3);
        return parameter.value(0, 0);
      },
      7.0 * sizeof(Real) * double(entries));
}

template <class F>
void add(const std::string& name, F&& piece) {
  benchmark::RegisterBenchmark(("sequence_piece/" + name).c_str(), std::forward<F>(piece))
      ->Unit(benchmark::kMicrosecond);
}

}  // namespace

void register_sequence_pieces() {
  add("projections", [](benchmark::State& state) { linear(state, 3 * kWidth + 1); });
  add("convolution", convolution);
  add("norm", norm);
  const auto memories = [](const std::string& row, const std::string& name, const MemoryOptions& options) {
    add("memory/" + row, [=](benchmark::State& state) { memory(state, name, options, 1); });
    add("memory_asked/" + row, [=](benchmark::State& state) { memory(state, name, options, kQuestionsEvery); });
  };
  MemoryOptions options;
  options.kernel = "silu_l2";
  options.rule = "delta";
  options.normalization = "none";
  memories("silu_l2.delta", "fast_weight", options);
  options.kernel = "elu";
  options.rule = "sum";
  options.normalization = "attention";
  memories("elu.sum", "fast_weight", options);
  memories("softmax", "softmax", options);
  add("output", [](benchmark::State& state) { linear(state, kWidth); });
  add("head", head);
  add("adamw", adamw);
}

}  // namespace palimpsest::micro
