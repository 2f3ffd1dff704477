// Writes and queries of a memory of tokens, in double, and which memories the tests are about.
#pragma once

#include <string>
#include <vector>

#include "palimpsest/memory/token_memory.hpp"
#include "reference/random.hpp"

namespace palimpsest::reference {

/// What a configuration says of a memory of tokens.
struct TokenChoice {
  std::string memory = "fast_weight", kernel = "elu", rule = "sum", normalization = "none";
  double largest_beta = 1;

  std::string label() const;
  MemoryOptions options(Index d) const;

  /// Started, with its random features drawn; its parameters off their start.
  template <class T>
  TokenMemory<T> made(Index d) const;
};

/// Every linear rule with every normalisation, and a few kernels with few rules, those without a meaning left out; softmax
/// attention with and without a window.
std::vector<TokenChoice> token_choices();

/// Of the rules that the engine answers, which are the same from both sides.
bool has_sides(const TokenChoice& choice);

template <class T>
struct Tokens {
  Matrix<T> K, V, logits, Q, dY;
  std::vector<Index> seen;

  template <class To>
  Tokens<To> cast() const {
    return {K.template cast<To>(), V.template cast<To>(),  logits.template cast<To>(),
            Q.template cast<To>(), dY.template cast<To>(), seen};
  }
};

/// W writes of d_v numbers, and N queries, of which the first sees all and the second nothing.
Tokens<double> tokens(const TokenMemory<double>& memory, Index d, Index W, Index N, Index d_v);

template <class T>
struct TokenGradients {
  Matrix<T> K, V, logits, Q;
  std::vector<Matrix<T>> parameters;

  /// All of them below each other, in one column.
  Matrix<T> all() const;
};

template <class T>
Matrix<T> read(TokenMemory<T>& memory, const Tokens<T>& tokens, typename TokenMemory<T>::Kept& kept);
template <class T>
TokenGradients<T> backward(TokenMemory<T>& memory, const Tokens<T>& tokens, typename TokenMemory<T>::Kept& kept);

}  // namespace palimpsest::reference
