// Softmax attention to tokens, for queries that have positions: query n sees the first r_n writes (with a window the last w
// of these) and is answered with
//   c_{t,n} = exp(k_t·q_n/√d − λ_n) ,   λ_n = log Σ_t exp(k_t·q_n/√d) ,   Y = V C ,
// or with 0 where it sees none.
// Adjoint, C being made again from λ:
//   dC = Vᵀ dY ,   dS = C ∘ (dC − 1 δᵀ) ,   δ_n = c_n·dc_n ,   dV += dY Cᵀ ,   dK += Q dSᵀ/√d ,   dQ += K dS/√d .
// Queries go in blocks, in the order of their positions, so that L×N numbers are never held at once.
// Source: Vaswani et al. 2017, "Attention is all you need", eq. 1; λ kept in place of C: Dao et al. 2022, "FlashAttention"
// (arXiv 2205.14135), section 3.1; the window: Beltagy et al. 2020, "Longformer" (arXiv 2004.05150), section 3.1.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "palimpsest/core/parameter.hpp"
#include "palimpsest/core/random.hpp"
#include "palimpsest/engine/order.hpp"
#include "palimpsest/engine/scratch.hpp"
#include "palimpsest/memory/memory.hpp"
#include "palimpsest/memory/rule_gates.hpp"
#include "palimpsest/memory/windowed.hpp"

namespace palimpsest {

/// See memory/token_memory.hpp for what all memories of tokens have.
template <class T>
class TokenSoftmax {
 public:
  static constexpr std::string_view name = "softmax";
  static constexpr std::string_view summary = "softmax attention: keeps every pair";

  explicit TokenSoftmax(const MemoryOptions& options) : d_(options.key_dim) {}

  static std::vector<std::pair<std::string, std::string>> parts() { return {}; }
  static std::optional<std::string> refusal() { return std::nullopt; }
  static Index feature_dim() { return 0; }
  static Index steps_per_write() { return 1; }
  static std::vector<GateShape> gates() { return {}; }
  static std::vector<Parameter<T>*> parameters() { return {}; }
  static void start() {}
  static void draw(Stream&) {}
  Index state_floats(Index d_v, Index length) const { return (d_ + d_v) * std::min(length, window_); }

  struct Kept {
    engine::Order order;
    Vector<T> log_sum;  // N, λ of the queries in their order
  };

  void read(ConstMatrixView<T> K, ConstMatrixView<T> V, ConstMatrixView<T> logits, ConstMatrixView<T> Q,
            const std::vector<Index>& seen, MatrixView<T> Y, Kept& kept);
  void backward(ConstMatrixView<T> K, ConstMatrixView<T> V, ConstMatrixView<T> logits, ConstMatrixView<T> Q,
                ConstMatrixView<T> dY, Kept& kept, MatrixView<T> dK, MatrixView<T> dV, MatrixView<T> dlogits,
                MatrixView<T> dQ);

 private:
  static constexpr Index kQueries = 128;  // of a block

  /// Of a query that sees so many.
  Index first_write(Index seen) const { return std::max<Index>(0, seen - window_); }

  /// Calls f(from, count, first, writes) for each block of the queries that see something: `count` from the from-th on, which
  /// attend to none but the `writes` from `first` on.
  template <class F>
  void for_each_block(const engine::Order& order, F&& f) const;

  /// c: writes×count of a block, `nothing` where a query doesn't attend.
  template <class C>
  void hide(const engine::Order& order, Index from, Index first, T nothing, C&& c) const;

  engine::Scratch<T> queries_, answers_, C_, dC_, dqueries_;

 protected:
  Index d_;
  Index window_ = std::numeric_limits<Index>::max();
};

template <class T>
using TokenWindow = Windowed<TokenSoftmax<T>>;

}  // namespace palimpsest
