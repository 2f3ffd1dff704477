// The memory of tokens: W writes of dense values, and N queries, each after any of the writes.
//   Y = V C ,   C = C(K, gates, Q)  of size W×N, 0 where a query doesn't see a write,
// with the coefficients of a fast weight memory (memory/token_fast_weight.hpp) or of softmax attention
// (memory/token_softmax.hpp). pair/memory.hpp is the same for tables of keys and one-hot values.
//
// A head is a block of rows and a sequence a run of columns: every argument is a window. What a read keeps for its adjoint is
// the caller's, so that reads and adjoints of several sequences may come in any order; each read has one adjoint.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "palimpsest/memory/token_fast_weight.hpp"
#include "palimpsest/memory/token_softmax.hpp"

namespace palimpsest {

/// The list of memories of tokens; names are those of pair/all.hpp.
template <class T>
using TokenMemories = TypeList<TokenFastWeight<T>, TokenSoftmax<T>, TokenWindow<T>>;

/// One head, and one thread's: a copy has work memory and parameters of its own.
template <class T>
class TokenMemory {
 public:
  using GateShape = palimpsest::GateShape;

  /// `fast_weight`, `softmax` or `window:w`, of the components and gates that the options name. Throws ConfigurationError for
  /// what isn't known or is out of range, and for a rule that isn't linear in the values.
  TokenMemory(const std::string& memory, const MemoryOptions& options);

  /// It and its components by kind, as they name themselves.
  std::vector<std::pair<std::string, std::string>> parts() const;

  /// Why these components have no meaning together; nothing if they have.
  std::optional<std::string> refusal() const;

  /// p, or 0 without a feature map.
  Index feature_dim() const;

  /// n steps of a rule, each with a key, a value and gates of its own. Writes below are steps: a token that a model writes is
  /// n columns of K, V and logits, and seen by a query in full, as n of them.
  Index steps_per_write() const;

  /// Gates that are learnt for each write, in the order of their rows in `logits`.
  std::vector<GateShape> gates() const;

  /// Rows of all of them together.
  Index gate_rows() const;

  /// What it learns itself: a learnt kernel's parameters, and gates that all writes share. Gradients accumulate in them.
  std::vector<Parameter<T>*> parameters();

  /// parameters() as they start, with gradients of 0; before anything else.
  void start();

  /// New random features, if the kernel has any; before the first read.
  void draw(Stream& stream);

  /// Floats that it keeps from `length` writes of values of size d_v to the next query.
  Index state_floats(Index d_v, Index length) const;

  /// What a memory of fixed size keeps from one read to the next.
  using State = typename TokenFastWeight<T>::State;

  /// Why it has no such state, naming what has; nothing if it has.
  std::optional<std::string> carry_refusal() const;

  /// How a rule of factors is answered; both sides agree to rounding. For tests: `cheaper` is told by a count of operations.
  using Side = typename TokenFastWeight<T>::Side;
  void answer_from(Side side);

  /// What a read keeps for its adjoint. Used again, it allocates nothing for sizes that it had before.
  struct Kept {
    std::variant<typename TokenFastWeight<T>::Kept, typename TokenSoftmax<T>::Kept> of;
  };

  /// K: d×W, V: d_v×W, logits: gate_rows×W, Q: d×N; seen: N, how many of the writes each query sees, 0 … W in any order, or
  /// empty if each sees all; Y: d_v×N, of which columns of queries that see nothing become 0. With a state (of a memory that
  /// carry_refusal() has nothing against, W and N above 0) it goes on from there, as if the writes that left it were the first of
  /// these, and leaves its own.
  void read(ConstMatrixView<T> K, ConstMatrixView<T> V, ConstMatrixView<T> logits, ConstMatrixView<T> Q,
            const std::vector<Index>& seen, MatrixView<T> Y, Kept& kept, State* state = nullptr);

  /// Adjoint of the read that filled `kept`, with the same arguments; the state that it went on from is a constant. dK, dV, dlogits, dQ and the gradients of parameters()
  /// accumulate.
  void backward(ConstMatrixView<T> K, ConstMatrixView<T> V, ConstMatrixView<T> logits, ConstMatrixView<T> Q,
                ConstMatrixView<T> dY, Kept& kept, MatrixView<T> dK, MatrixView<T> dV, MatrixView<T> dlogits,
                MatrixView<T> dQ);

 private:
  typename TokenMemories<T>::Variant memory_;
};

// Compiled once, in the library: bodies are in token_memory_impl.hpp.
extern template class TokenMemory<float>;

}  // namespace palimpsest
