// Tokens mix through a memory, per head:
//   q, k, v = conv(W_q x), conv(W_k x), conv(W_v x) ,   gate logits = W_g x + b_g ,
//   y = the memory's answer to q, which sees its own token's write ,   o = W_o RMSNorm(y) .
// A rule of n steps per write has n keys, values and gates per token, and a query of token t (from 0) sees n(t + 1) writes.
// All projections are one matrix, of which the rows are q of every head, k of every step and head, v of every step and head, and
// the gates of every step and head; only the last have a bias, which starts at the gate's own start.
// Source: Yang et al. 2024 (arXiv 2406.06484), section 3.3 and its figure of the block; of n steps: Siems et al. 2025,
// "DeltaProduct" (arXiv 2502.10297), section 3.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "palimpsest/engine/scratch.hpp"
#include "palimpsest/layer/layout.hpp"
#include "palimpsest/layer/linear.hpp"
#include "palimpsest/layer/rms_norm.hpp"
#include "palimpsest/layer/short_convolution.hpp"
#include "palimpsest/memory/token_memory.hpp"

namespace palimpsest {

struct MixerOptions {
  Index width = 64;  ///< D; values have D/heads numbers
  Index heads = 1;
  Index taps = 4;                      ///< of the convolution; 0 or 1: none
  std::string memory = "fast_weight";  ///< memory/token_memory.hpp
  MemoryOptions options;               ///< its; key_dim is per head
};

template <class T>
class Mixer {
 public:
  /// What a sequence leaves for the one that goes on from it; empty before the first.
  struct State {
    std::vector<typename TokenMemory<T>::State> memories;  ///< of its heads
    Matrix<T> tokens;  ///< channels×(taps − 1), the last ones as they came to the convolution, if there is one

    template <class Archive>
    void state(Archive& archive) {
      archive(memories, tokens);
    }
  };

  /// What a pass keeps. Once warm it allocates nothing.
  struct Kept {
    engine::Scratch<T> before;                         // channels×(taps − 1)·sequences of those that go on
    engine::Scratch<T> projected;                      // rows×N
    engine::Scratch<T> convolved;                      // channels×N, if there is a convolution
    engine::Scratch<T> queries;                        // heads·d×M, if not every token asks
    engine::Scratch<T> answers, normed;                // D×M
    engine::Scratch<T> inverse;                        // heads×M
    std::vector<typename TokenMemory<T>::Kept> reads;  // per sequence, its heads
  };

  /// Throws ConfigurationError unless the heads divide the width, and as the memory does.
  Mixer(const std::string& name, const MixerOptions& options);

  /// Projections N(0, std²), W_o N(0, output_std²).
  void start(Stream& stream, T std, T output_std);
  /// New random features for every head, if the kernel has any; before the first pass.
  void draw(Stream& stream);

  /// X: D×N, Y: D×M, of the M tokens that ask. Nothing is kept without `kept`. states: of each sequence, one token of which at
  /// least asks, what it goes on from, and then what it leaves; or none.
  void forward(const Layout& layout, const Columns& asking, ConstMatrixView<T> X, MatrixView<T> Y, Kept* kept,
               std::span<State* const> states = {});
  /// dX += adjoint, and the parameters' gradients. Of each pass once.
  void backward(const Layout& layout, const Columns& asking, ConstMatrixView<T> X, Kept& kept, ConstMatrixView<T> dY,
                MatrixView<T> dX);

  std::vector<Parameter<T>*> parameters();

  /// The memory of its heads and its components by kind, as they name themselves.
  std::vector<std::pair<std::string, std::string>> parts() const { return memories_[0].parts(); }

  /// Floats that it keeps from `length` tokens to the next: of the memories, and the convolution's last taps − 1 tokens.
  Index state_floats(Index length) const;

 private:
  /// Where a head's rows are.
  struct Block {
    Index first, rows;
  };
  Block key_rows(Index step, Index head) const { return {heads_ * d_ + (step * heads_ + head) * d_, d_}; }
  Block value_rows(Index step, Index head) const {
    return {heads_ * d_ * (1 + steps_) + (step * heads_ + head) * d_v_, d_v_};
  }
  Block gate_rows(Index step, Index head) const { return {channels_ + (step * heads_ + head) * gates_, gates_}; }

  /// K, V and logits of a head in columns first … first + length − 1.
  struct Writes {
    MatrixView<T> K, V, logits;
  };
  struct InOrder {
    engine::Scratch<T> K, V, logits;
  };

  /// Windows on `tokens` (channels×N) and `gates` (rows×N, of which the last are the gates); with several steps per write they
  /// are columns in order of time, copied.
  Writes writes(MatrixView<T> tokens, MatrixView<T> gates, Index head, Index first, Index length,
                InOrder& in_order) const;
  /// Such columns back to where they came from.
  void put_back(Writes writes, MatrixView<T> tokens, MatrixView<T> gates, Index head, Index first) const;

  /// Calls f(rows of tokens or of gates, W) for each step of K, V and logits; token t has column t·steps + step of W.
  template <class F>
  void for_each_step(MatrixView<T>& tokens, MatrixView<T>& gates, Index head, Index first, Index length, Writes& writes,
                     F&& f) const;

  /// Calls f(sequence, its first query, how many writes each of its queries sees) for every sequence.
  template <class F>
  void for_each_sequence(const Layout& layout, const Columns& asking, F&& f);

  /// The tokens before each sequence, from its state; and its last ones, to its state.
  ConstMatrixView<T> tokens_before(std::span<State* const> states, engine::Scratch<T>& before) const;
  void keep_last_tokens(const Layout& layout, ConstMatrixView<T> tokens, ConstMatrixView<T> before,
                        std::span<State* const> states) const;

  Index heads_, d_, d_v_, steps_, gates_;
  Index channels_;  // rows that a convolution mixes: all but the gates
  Linear<T> projections_;
  std::optional<ShortConvolution<T>> convolution_;
  std::vector<TokenMemory<T>> memories_;  // one per head
  RmsNorm<T> norm_;
  Linear<T> output_;
  Index taps_;

  Kept passing_;  // of passes that nobody keeps
  std::vector<Index> seen_;
  InOrder writes_, dwrites_;
  engine::Scratch<T> dnormed_, danswers_, dqueries_, dconvolved_, dprojected_;
};

// Compiled once, in the library: bodies are in mixer_impl.hpp.
extern template class Mixer<float>;

}  // namespace palimpsest
