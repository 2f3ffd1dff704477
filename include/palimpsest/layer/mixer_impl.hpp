// Bodies of layer/mixer.hpp; only what instantiates them includes this.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

#include "palimpsest/layer/mixer.hpp"

namespace palimpsest {

template <class T>
Mixer<T>::Mixer(const std::string& name, const MixerOptions& options)
    : heads_(options.heads),
      d_(options.options.key_dim),
      d_v_(options.heads > 0 ? options.width / options.heads : 0),
      steps_(0),
      gates_(0),
      channels_(0),
      projections_(name + ".projections", 0, 0),
      norm_(name + ".norm", options.width, options.heads),
      output_(name + ".output", options.width, options.width),
      taps_(options.taps) {
  if (heads_ < 1 || d_v_ * heads_ != options.width)
    throw ConfigurationError(fmt::format("heads = {}: must divide the width, {}", heads_, options.width));
  if (taps_ < 0) throw ConfigurationError(fmt::format("conv = {}: must be at least 0", taps_));
  for (Index head = 0; head < heads_; ++head) {
    auto& memory = memories_.emplace_back(options.memory, options.options);
    if (const auto why = memory.refusal()) throw ConfigurationError(*why);
    memory.start();
    for (auto* parameter : memory.parameters())
      parameter->name = fmt::format("{}.heads.{}.{}", name, head, parameter->name);
  }
  steps_ = memories_[0].steps_per_write();
  gates_ = memories_[0].gate_rows();
  channels_ = heads_ * ((1 + steps_) * d_ + steps_ * d_v_);
  const Index gates = steps_ * heads_ * gates_;
  projections_ = Linear<T>(name + ".projections", channels_ + gates, options.width, gates);
  if (taps_ > 1) convolution_.emplace(name + ".convolution", channels_, taps_);
  Index row = 0;
  for (Index i = 0; i < steps_ * heads_; ++i)
    for (const auto& gate : memories_[0].gates()) {
      projections_.bias().middleRows(row, gate.rows).setConstant(static_cast<T>(gate.start));
      row += gate.rows;
    }
}

template <class T>
void Mixer<T>::start(Stream& stream, T std, T output_std) {
  projections_.start(stream, std);
  if (convolution_) convolution_->start(stream);
  output_.start(stream, output_std);
}

template <class T>
void Mixer<T>::draw(Stream& stream) {
  for (auto& memory : memories_) memory.draw(stream);
}

template <class T>
std::vector<Parameter<T>*> Mixer<T>::parameters() {
  auto all = projections_.parameters();
  const auto append = [&](auto&& layer) {
    for (auto* parameter : layer.parameters()) all.push_back(parameter);
  };
  if (convolution_) append(*convolution_);
  for (auto& memory : memories_) append(memory);
  append(norm_);
  append(output_);
  return all;
}

template <class T>
Index Mixer<T>::state_floats(Index length) const {
  Index floats = convolution_ ? (taps_ - 1) * channels_ : 0;
  for (const auto& memory : memories_) floats += memory.state_floats(d_v_, steps_ * length);
  return floats;
}

template <class T>
template <class F>
void Mixer<T>::for_each_sequence(const Layout& layout, const Columns& asking, F&& f) {
  const Index queries = asking ? std::ssize(*asking) : layout.columns();
  const auto column_of = [&](Index query) { return asking ? (*asking)[query] : query; };
  Index query = 0;
  for (Index i = 0; i < layout.sequences(); ++i) {
    const Index first = layout.start(i), end = first + layout.length(i), first_query = query;
    seen_.clear();
    for (; query < queries && column_of(query) < end; ++query) seen_.push_back(steps_ * (column_of(query) - first + 1));
    f(i, first_query, seen_);
  }
}

template <class T>
template <class F>
void Mixer<T>::for_each_step(MatrixView<T>& tokens, MatrixView<T>& gates, Index head, Index first, Index length,
                             Writes& writes, F&& f) const {
  for (Index step = 0; step < steps_; ++step) {
    const auto pair = [&](MatrixView<T>& rows, Block block, MatrixView<T>& in_order) {
      for (Index t = 0; t < length; ++t)
        f(rows.col(first + t).segment(block.first, block.rows), token(in_order, t * steps_ + step));
    };
    pair(tokens, key_rows(step, head), writes.K);
    pair(tokens, value_rows(step, head), writes.V);
    pair(gates, gate_rows(step, head), writes.logits);
  }
}

template <class T>
typename Mixer<T>::Writes Mixer<T>::writes(MatrixView<T> tokens, MatrixView<T> gates, Index head, Index first,
                                           Index length, InOrder& in_order) const {
  if (steps_ == 1) {
    const auto window = [&](MatrixView<T>& rows, Block block) {
      return rows.block(block.first, first, block.rows, length);
    };
    return {window(tokens, key_rows(0, head)), window(tokens, value_rows(0, head)), window(gates, gate_rows(0, head))};
  }
  const Index W = steps_ * length;
  Writes copies{in_order.K(d_, W), in_order.V(d_v_, W), in_order.logits(gates_, W)};
  for_each_step(tokens, gates, head, first, length, copies, [](auto rows, auto copy) { copy = rows; });
  return copies;
}

template <class T>
void Mixer<T>::put_back(Writes writes, MatrixView<T> tokens, MatrixView<T> gates, Index head, Index first) const {
  if (steps_ == 1) return;
  for_each_step(tokens, gates, head, first, writes.K.cols() / steps_, writes,
                [](auto rows, auto copy) { rows = copy; });
}

template <class T>
ConstMatrixView<T> Mixer<T>::tokens_before(std::span<State* const> states, engine::Scratch<T>& before) const {
  const Index reach = taps_ - 1;
  auto tokens = before(channels_, reach * std::ssize(states));
  Index at = 0;
  for (const State* state : states) {
    if (state->tokens.size() > 0)
      tokens.middleCols(at, reach) = state->tokens;
    else
      tokens.middleCols(at, reach).setZero();
    at += reach;
  }
  return tokens;
}

template <class T>
void Mixer<T>::keep_last_tokens(const Layout& layout, ConstMatrixView<T> tokens, ConstMatrixView<T> before,
                                std::span<State* const> states) const {
  const Index reach = taps_ - 1;
  for (Index i = 0; i < std::ssize(states); ++i) {
    const Index own = std::min(reach, layout.length(i)), older = reach - own;
    auto& last = states[static_cast<std::size_t>(i)]->tokens;
    last.resize(channels_, reach);
    last.leftCols(older) = before.middleCols((i + 1) * reach - older, older);
    last.rightCols(own) = tokens.middleCols(layout.start(i + 1) - own, own);
  }
}

template <class T>
void Mixer<T>::forward(const Layout& layout, const Columns& asking, ConstMatrixView<T> X, MatrixView<T> Y, Kept* kept,
                       std::span<State* const> states) {
  Kept& pass = kept != nullptr ? *kept : passing_;
  const Index N = X.cols(), M = Y.cols();
  auto projected = pass.projected(projections_.outputs(), N);
  projections_.forward(X, projected);
  auto tokens = convolution_ ? pass.convolved(channels_, N) : projected;
  if (convolution_) {
    const auto before = tokens_before(states, pass.before);
    convolution_->forward(layout, projected.topRows(channels_), tokens, before);
    keep_last_tokens(layout, projected.topRows(channels_), before, states);
  }
  MatrixView<T> queries =
      asking ? MatrixView<T>(pass.queries(heads_ * d_, M)) : MatrixView<T>(tokens.topRows(heads_ * d_));
  if (asking)
    for (Index m = 0; m < M; ++m) queries.col(m) = tokens.col((*asking)[m]).head(heads_ * d_);

  auto answers = pass.answers(heads_ * d_v_, M), normed = pass.normed(heads_ * d_v_, M);
  const auto reads = static_cast<std::size_t>(kept != nullptr ? layout.sequences() * heads_ : 1);
  if (pass.reads.size() < reads) pass.reads.resize(reads);
  for_each_sequence(layout, asking, [&](Index i, Index query, const std::vector<Index>& seen) {
    State* const state = states.empty() ? nullptr : states[static_cast<std::size_t>(i)];
    if (state) state->memories.resize(static_cast<std::size_t>(heads_));
    for (Index head = 0; head < heads_; ++head) {
      auto& read = pass.reads[kept != nullptr ? static_cast<std::size_t>(i * heads_ + head) : 0];
      const Index count = std::ssize(seen);
      const Writes written = writes(tokens, projected, head, layout.start(i), layout.length(i), writes_);
      memories_[static_cast<std::size_t>(head)].read(
          written.K, written.V, written.logits, queries.block(head * d_, query, d_, count), seen,
          answers.block(head * d_v_, query, d_v_, count), read,
          state ? &state->memories[static_cast<std::size_t>(head)] : nullptr);
    }
  });
  norm_.forward(answers, normed, pass.inverse(heads_, M));
  output_.forward(normed, Y);
}

template <class T>
void Mixer<T>::backward(const Layout& layout, const Columns& asking, ConstMatrixView<T> X, Kept& kept,
                        ConstMatrixView<T> dY, MatrixView<T> dX) {
  const Index N = X.cols(), M = dY.cols();
  auto projected = kept.projected(), tokens = convolution_ ? kept.convolved() : projected;
  auto dnormed = dnormed_(heads_ * d_v_, M), danswers = danswers_(heads_ * d_v_, M);
  auto dprojected = dprojected_(projections_.outputs(), N);
  auto dtokens = convolution_ ? dconvolved_(channels_, N) : dprojected;
  dnormed.setZero();
  danswers.setZero();
  dprojected.setZero();
  if (convolution_) dtokens.setZero();
  MatrixView<T> queries = asking ? MatrixView<T>(kept.queries()) : MatrixView<T>(tokens.topRows(heads_ * d_));
  MatrixView<T> dqueries =
      asking ? MatrixView<T>(dqueries_(heads_ * d_, M)) : MatrixView<T>(dtokens.topRows(heads_ * d_));
  if (asking) dqueries.setZero();

  output_.backward(kept.normed(), dY, dnormed);
  norm_.backward(kept.answers(), kept.inverse(), dnormed, danswers);
  for_each_sequence(layout, asking, [&](Index i, Index query, const std::vector<Index>& seen) {
    const Index first = layout.start(i), length = layout.length(i), count = std::ssize(seen);
    for (Index head = 0; head < heads_; ++head) {
      const auto h = static_cast<std::size_t>(head);
      auto& read = kept.reads[static_cast<std::size_t>(i * heads_) + h];
      const Writes written = writes(tokens, projected, head, first, length, writes_);
      Writes dwritten = writes(dtokens, dprojected, head, first, length, dwrites_);
      memories_[h].backward(written.K, written.V, written.logits, queries.block(head * d_, query, d_, count),
                            danswers.block(head * d_v_, query, d_v_, count), read, dwritten.K, dwritten.V,
                            dwritten.logits, dqueries.block(head * d_, query, d_, count));
      put_back(dwritten, dtokens, dprojected, head, first);
    }
  });
  if (asking)
    for (Index m = 0; m < M; ++m) dtokens.col((*asking)[m]).head(heads_ * d_) += dqueries.col(m);
  if (convolution_)
    convolution_->backward(layout, projected.topRows(channels_), dtokens, dprojected.topRows(channels_), kept.before());
  projections_.backward(X, dprojected, dX);
}

}  // namespace palimpsest
