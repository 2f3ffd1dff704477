// Bodies of layer/sequence_model.hpp; only what instantiates them includes this.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <string_view>
#include <utility>

#include "palimpsest/layer/sequence_model.hpp"

namespace palimpsest {

namespace sequence_model {

inline constexpr double kStd = 0.02;

/// Columns of a part of a batch: products over it are long enough to be fast, and what a layer keeps of it, some ten numbers per
/// column and channel, is still near when it goes back (measured: 4 % less time than with 4096).
inline constexpr Index kColumns = 1024;

/// Streams of parameters as they start, of the model itself and of each layer: what one part has changes no other.
enum Drawn : std::uint64_t { of_embedding, of_in, of_out, of_untied, of_first_layer = 16 };
inline constexpr std::uint64_t kStreamsPerLayer = 2;

}  // namespace sequence_model

template <class T>
const SequenceOptions& SequenceModel<T>::checked(const SequenceOptions& options) {
  const auto at_least = [](std::string_view name, Index value, Index least) {
    if (value < least) throw ConfigurationError(fmt::format("{} = {}: must be at least {}", name, value, least));
  };
  at_least("vocabulary", options.vocabulary, 1);
  at_least("width", options.width, 1);
  at_least("layers", options.layers, 1);
  if (options.first_output < 0 || options.first_output >= options.vocabulary)
    throw ConfigurationError(fmt::format("first_output = {}: must be from 0 to {}, a token of the vocabulary",
                                         options.first_output, options.vocabulary - 1));
  Mixer<T>("", {options.width, options.heads, options.taps, options.memory, options.options});
  return options;
}

template <class T>
SequenceModel<T>::SequenceModel(const SequenceOptions& options, std::uint64_t seed)
    : options_(checked(options)),
      seed_(seed),
      embedding_("embedding", options.width, options.vocabulary, options.frozen),
      norm_("norm", options.width) {
  namespace of = sequence_model;
  const Index D = options.width;
  const T std = T(of::kStd), output_std = options.smaller_outputs ? std / std::sqrt(T(2 * options.layers)) : std;
  const auto stream = [seed](std::uint64_t number) { return Stream(seed, Purpose::initialization, number); };
  Stream embedding = stream(of::of_embedding);
  embedding_.start(embedding, options.embedding);
  if (options.pairs) {
    Stream in = stream(of::of_in), out = stream(of::of_out);
    in_.emplace("input", D, 2 * D).start(in, std);
    out_.emplace("output", D, D).start(out, std);
  }
  if (!options.tied) {
    Stream untied = stream(of::of_untied);
    untied_.emplace("logits", D, options.vocabulary - options.first_output);
    fill_normal<T>(untied, untied_->value);
    untied_->value *= std;
  }
  for (Index i = 0; i < options.layers; ++i) {
    const std::string name = fmt::format("layers.{}", i);
    Layer& layer = layers_.emplace_back(Layer{
        RmsNorm<T>(name + ".mixer_norm", D),
        Mixer<T>(name + ".mixer", {D, options.heads, options.taps, options.memory, options.options}),
        RmsNorm<T>(name + ".mlp_norm", D),
        std::nullopt,
    });
    const std::uint64_t number = of::of_first_layer + of::kStreamsPerLayer * static_cast<std::uint64_t>(i);
    Stream mixer = stream(number), mlp = stream(number + 1);
    layer.mixer.start(mixer, std, output_std);
    if (options.mlp) layer.mlp.emplace(name + ".mlp", D).start(mlp, std);
  }
  kept_.resize(layers_.size());
  draw(0);
  clear_gradients();
}

template <class T>
void SequenceModel<T>::draw(std::uint64_t number, Purpose purpose) {
  Stream stream(seed_, purpose, number);
  for (auto& layer : layers_) layer.mixer.draw(stream);
}

template <class T>
std::vector<Parameter<T>*> SequenceModel<T>::parameters() {
  auto all = embedding_.parameters();
  const auto append = [&](auto& layer) {
    for (auto* parameter : layer.parameters()) all.push_back(parameter);
  };
  if (in_) append(*in_);
  for (auto& layer : layers_) {
    append(layer.mixer_norm);
    append(layer.mixer);
    if (!layer.mlp) continue;
    append(layer.mlp_norm);
    append(*layer.mlp);
  }
  append(norm_);
  if (out_) append(*out_);
  if (untied_) all.push_back(&*untied_);
  return all;
}

template <class T>
void SequenceModel<T>::clear_gradients() {
  for (auto* parameter : parameters()) parameter->gradient.setZero();
}

template <class T>
Index SequenceModel<T>::parameter_count() {
  Index count = 0;
  for (const auto* parameter : parameters()) count += parameter->value.size();
  return count;
}

template <class T>
Index SequenceModel<T>::state_floats(Index length) const {
  Index floats = 0;
  for (const auto& layer : layers_) floats += layer.mixer.state_floats(length);
  return floats;
}

template <class T>
ConstMatrixView<T> SequenceModel<T>::outputs() const {
  if (untied_) return untied_->value;
  return embedding_.value().rightCols(options_.vocabulary - options_.first_output);
}

template <class T>
template <class F>
void SequenceModel<T>::for_each_part(const TokenBatch& batch, std::span<State> states, F&& f) {
  const Layout& layout = batch.layout;
  assert(states.empty() || std::ssize(states) == layout.sequences());
  std::size_t question = 0;
  for (Index from = 0; from < layout.sequences();) {
    const Index first = layout.start(from);
    Index to = from + 1;
    while (to < layout.sequences() && layout.start(to + 1) - first <= sequence_model::kColumns) ++to;
    const Index last = layout.start(to);

    part_.layout.starts.clear();
    for (Index i = from; i <= to; ++i) part_.layout.starts.push_back(layout.start(i) - first);
    part_.tokens.assign(batch.tokens.begin() + first, batch.tokens.begin() + last);
    if (options_.pairs) part_.partners.assign(batch.partners.begin() + first, batch.partners.begin() + last);
    const std::size_t first_question = question;
    part_.positions.clear();
    for (; question < batch.positions.size() && batch.positions[question] < last; ++question)
      part_.positions.push_back(batch.positions[question] - first);
    part_.targets_per_question = batch.targets_per_question;
    const Index m = batch.targets_per_question;
    part_.targets.clear();
    for (Index i = m * static_cast<Index>(first_question); i < m * static_cast<Index>(question); ++i)
      part_.targets.push_back(batch.targets[static_cast<std::size_t>(i)] - static_cast<int>(options_.first_output));
    const auto own = states.empty() ? states : states.subspan(std::size_t(from), std::size_t(to - from));
    if (!part_.positions.empty()) f(part_, own, first_question);
    from = to;
  }
}

template <class T>
double SequenceModel<T>::train(const TokenBatch& batch, double scale, std::span<State> states) {
  double loss = 0;
  for_each_part(batch, states, [&](const TokenBatch& part, std::span<State> own, std::size_t) {
    auto H = forward(part, own, true)();
    auto dH = (out_ ? dprojected_ : dasked_normed_)(H.rows(), H.cols());
    dH.setZero();
    MatrixView<T> dasked = dH;
    if (untied_ || !embedding_.frozen()) {
      MatrixView<T> dE =
          untied_ ? MatrixView<T>(untied_->gradient) : MatrixView<T>(embedding_.gradient().rightCols(outputs().cols()));
      loss += loss_.train(outputs(), H, part.targets, static_cast<T>(scale), dasked, &dE);
    } else {
      loss += loss_.train(outputs(), H, part.targets, static_cast<T>(scale), dasked, nullptr);
    }
    backward(part);
  });
  return scale * loss;
}

template <class T>
double SequenceModel<T>::evaluate(const TokenBatch& batch, std::vector<Answered>& answered, std::span<State> states) {
  answered.resize(batch.positions.size());
  double loss = 0;
  for_each_part(batch, states, [&](const TokenBatch& part, std::span<State> own, std::size_t first) {
    const auto H = forward(part, own, false)();
    loss += loss_.evaluate(outputs(), H, part.targets, std::span(answered).subspan(first, part.positions.size()));
  });
  return loss;
}

template <class T>
void SequenceModel<T>::embed(const TokenBatch& part, MatrixView<T> h) {
  if (!in_) return embedding_.forward(part.tokens, h);
  const Index D = options_.width;
  auto both = both_(2 * D, h.cols());
  embedding_.forward(part.tokens, both.topRows(D));
  embedding_.forward(part.partners, both.bottomRows(D));
  in_->forward(both, h);
}

template <class T>
void SequenceModel<T>::embed_backward(const TokenBatch& part, ConstMatrixView<T> dh) {
  if (!in_) {
    if (!embedding_.frozen()) embedding_.backward(part.tokens, dh);
    return;
  }
  if (embedding_.frozen()) return in_->learn(both_(), dh);
  const Index D = options_.width;
  auto dboth = dboth_(2 * D, dh.cols());
  dboth.setZero();
  in_->backward(both_(), dh, dboth);
  embedding_.backward(part.tokens, dboth.topRows(D));
  embedding_.backward(part.partners, dboth.bottomRows(D));
}

template <class T>
engine::Scratch<T>& SequenceModel<T>::forward(const TokenBatch& part, std::span<State> states, bool keep) {
  const Index D = options_.width, N = part.layout.columns(), questions = std::ssize(part.positions);
  embed(part, kept_[0].to_mixer.h(D, N));
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    Layer& layer = layers_[i];
    LayerKept& kept = kept_[i];
    const auto normed = [&](const RmsNorm<T>& norm, Input& input) {
      const auto h = input.h();
      norm.forward(h, input.normed(D, h.cols()), input.inverse(1, h.cols()));
      return input.normed();
    };
    layer_states_.clear();
    for (State& state : states) {
      state.resize(layers_.size());
      layer_states_.push_back(&state[i]);
    }
    const Columns asking = asking_in(i, part);
    const Index M = asking ? questions : N;
    engine::Scratch<T>& behind = asking ? asked_ : kept_[i + 1].to_mixer.h;
    auto mixed = (layer.mlp ? kept.to_mlp.h : behind)(D, M);
    layer.mixer.forward(part.layout, asking, normed(layer.mixer_norm, kept.to_mixer), mixed,
                        keep ? &kept.mixer : nullptr, layer_states_);
    const auto h = kept.to_mixer.h();
    if (asking)
      for (Index n = 0; n < M; ++n) mixed.col(n) += h.col((*asking)[n]);
    else
      mixed += h;
    if (!layer.mlp) continue;
    auto out = behind(D, M);
    layer.mlp->forward(normed(layer.mlp_norm, kept.to_mlp), out, keep ? &kept.mlp : nullptr);
    out += mixed;
  }
  norm_.forward(asked_(), asked_normed_(D, questions), inverse_(1, questions));
  if (!out_) return asked_normed_;
  out_->forward(asked_normed_(), projected_(D, questions));
  return projected_;
}

template <class T>
void SequenceModel<T>::backward(const TokenBatch& part) {
  const Index D = options_.width, N = part.layout.columns(), questions = std::ssize(part.positions);
  if (out_) {
    auto dnormed = dasked_normed_(D, questions);
    dnormed.setZero();
    out_->backward(asked_normed_(), dprojected_(), dnormed);
  }
  auto dasked = dasked_(D, questions);
  dasked.setZero();
  norm_.backward(asked_(), inverse_(), dasked_normed_(), dasked);

  // dh is the gradient by what a sublayer's output is added to, too: its own is added in place.
  engine::Scratch<T>* dh = &dasked_;
  for (std::size_t i = layers_.size(); i-- > 0;) {
    Layer& layer = layers_[i];
    LayerKept& kept = kept_[i];
    if (layer.mlp) {
      auto dnormed = dnormed_(D, (*dh)().cols());
      dnormed.setZero();
      layer.mlp->backward(kept.to_mlp.normed(), kept.mlp, (*dh)(), dnormed);
      layer.mlp_norm.backward(kept.to_mlp.h(), kept.to_mlp.inverse(), dnormed, (*dh)());
    }
    const Columns asking = asking_in(i, part);
    auto dnormed = dnormed_(D, N);
    dnormed.setZero();
    layer.mixer.backward(part.layout, asking, kept.to_mixer.normed(), kept.mixer, (*dh)(), dnormed);
    if (asking) {
      auto dall = dh_(D, N);
      dall.setZero();
      for (Index n = 0; n < questions; ++n) dall.col((*asking)[n]) += dasked.col(n);
      dh = &dh_;
    }
    layer.mixer_norm.backward(kept.to_mixer.h(), kept.to_mixer.inverse(), dnormed, (*dh)());
  }
  embed_backward(part, (*dh)());
}

}  // namespace palimpsest
