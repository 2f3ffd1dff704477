#include "reference/tokens.hpp"

#include <fmt/format.h>

namespace palimpsest::reference {

std::string TokenChoice::label() const { return fmt::format("{} {} {} {}", memory, kernel, rule, normalization); }

MemoryOptions TokenChoice::options(Index d) const {
  MemoryOptions options;
  options.key_dim = d;
  options.kernel = kernel;
  options.rule = rule;
  options.normalization = normalization;
  options.largest_beta = largest_beta;
  return options;
}

template <class T>
TokenMemory<T> TokenChoice::made(Index d) const {
  TokenMemory<T> memory(this->memory, options(d));
  Stream stream(7, Purpose::test, 90);
  memory.draw(stream);
  memory.start();
  std::uint64_t number = 91;
  for (auto* parameter : memory.parameters())
    parameter->value += (0.1 * normal(parameter->value.rows(), parameter->value.cols(), number++)).template cast<T>();
  return memory;
}

std::vector<TokenChoice> token_choices() {
  std::vector<TokenChoice> all{{"softmax"}, {"window:2"}, {"window:200"}};
  const auto add = [&](const TokenChoice& choice) {
    if (!TokenMemory<double>(choice.memory, choice.options(5)).refusal()) all.push_back(choice);
  };
  Rules<double>::for_each([&]<class R>() {
    if (StateRule<R>) return;
    const auto rule = fmt::format("{}{}", R::name, TakesArgument<R> ? ":2" : "");
    Normalizations<double>::for_each([&]<class N>() {
      add({"fast_weight", "elu", rule, std::string(N::name)});
      if (rule != "sum" && rule != "delta" && rule != "kda") return;
      for (const std::string kernel : {"dpfp:1", "silu_l2", "identity", "hedgehog", "favor:4"})
        add({"fast_weight", kernel, rule, std::string(N::name)});
    });
  });
  return all;
}

bool has_sides(const TokenChoice& choice) {
  return choice.memory == "fast_weight" && std::visit([]<class R>(const R&) { return RuleOfFactors<R, double>; },
                                                      make_component<Rules<double>>("rule", choice.rule));
}

Tokens<double> tokens(const TokenMemory<double>& memory, Index d, Index W, Index N, Index d_v) {
  Tokens<double> made{safely_positive(d, W, 100), normal(d_v, W, 101), normal(memory.gate_rows(), W, 102),
                      safely_positive(d, N, 103), normal(d_v, N, 104), {}};
  // Decays near 1 and writes so weak that keys of any length don't make the state grow without limit.
  Index row = 0;
  for (const auto& gate : memory.gates()) {
    if (W == 0) break;
    made.logits.middleRows(row, gate.rows).array() += gate.start > 0 ? 2 : -2;
    row += gate.rows;
  }
  Stream stream(7, Purpose::test, 105);
  for (Index n = 0; n < N; ++n) made.seen.push_back(stream.below(static_cast<std::uint32_t>(W + 1)));
  if (N > 0) made.seen[0] = W;
  if (N > 1) made.seen[1] = 0;
  return made;
}

template <class T>
Matrix<T> TokenGradients<T>::all() const {
  std::vector<Matrix<T>> parts{K, V, logits, Q};
  parts.insert(parts.end(), parameters.begin(), parameters.end());
  Index size = 0;
  for (const auto& part : parts) size += part.size();
  Matrix<T> column(size, 1);
  Index at = 0;
  for (const auto& part : parts) {
    column.col(0).segment(at, part.size()) = part.reshaped();
    at += part.size();
  }
  return column;
}

template <class T>
Matrix<T> read(TokenMemory<T>& memory, const Tokens<T>& x, typename TokenMemory<T>::Kept& kept) {
  Matrix<T> Y(x.V.rows(), x.Q.cols());
  memory.read(x.K, x.V, x.logits, x.Q, x.seen, Y, kept);
  return Y;
}

template <class T>
TokenGradients<T> backward(TokenMemory<T>& memory, const Tokens<T>& x, typename TokenMemory<T>::Kept& kept) {
  const auto zero = [](const Matrix<T>& like) -> Matrix<T> { return Matrix<T>::Zero(like.rows(), like.cols()); };
  TokenGradients<T> d{zero(x.K), zero(x.V), zero(x.logits), zero(x.Q), {}};
  for (auto* parameter : memory.parameters()) parameter->gradient.setZero();
  memory.backward(x.K, x.V, x.logits, x.Q, x.dY, kept, d.K, d.V, d.logits, d.Q);
  for (const auto* parameter : memory.parameters()) d.parameters.push_back(parameter->gradient);
  return d;
}

template TokenMemory<float> TokenChoice::made<float>(Index) const;
template TokenMemory<double> TokenChoice::made<double>(Index) const;
template struct TokenGradients<float>;
template struct TokenGradients<double>;
template Matrix<float> read(TokenMemory<float>&, const Tokens<float>&, TokenMemory<float>::Kept&);
template Matrix<double> read(TokenMemory<double>&, const Tokens<double>&, TokenMemory<double>::Kept&);
template TokenGradients<float> backward(TokenMemory<float>&, const Tokens<float>&, TokenMemory<float>::Kept&);
template TokenGradients<double> backward(TokenMemory<double>&, const Tokens<double>&, TokenMemory<double>::Kept&);

}  // namespace palimpsest::reference
