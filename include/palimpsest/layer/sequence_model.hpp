// A causal model of sequences of tokens, n layers on a residual stream of width D:
//   h = E[x] ,   then n times   h ← h + Mixer(RMSNorm(h)) ,   h ← h + SwiGLU(RMSNorm(h)) (if it has them) ,
//   logits = Uᵀ RMSNorm(h) where a question is asked ,   U = E, or untied a matrix of its own .
// Where a token is a pair of a key and a value, either may be missing (0):
//   h = W_in [E[x]; E[x']] ,   logits = Uᵀ W_out RMSNorm(h) .
// Linears start N(0, 0.02²), W_o of a mixer N(0, 0.02²/(2n)), since 2n of them are summed.
// Source: Arora et al. 2023, "Zoology" (arXiv 2312.04927), section 3 and its code, for the stack; Radford et al. 2019 for how it
// starts.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "palimpsest/layer/cross_entropy.hpp"
#include "palimpsest/layer/embedding.hpp"
#include "palimpsest/layer/mixer.hpp"
#include "palimpsest/layer/swiglu.hpp"

namespace palimpsest {

struct SequenceOptions {
  Index vocabulary = 8192;
  Index first_output = 0;  ///< answers are tokens from this one on
  Index width = 64;        ///< D
  Index layers = 2;
  Index heads = 1;
  Index taps = 4;  ///< of the convolutions; 0 or 1: none
  bool mlp = false;
  bool tied = true;  ///< whether logits are products with the embedding
  EmbeddingStart embedding = EmbeddingStart::normal;
  bool frozen = false;                 ///< whether the embedding keeps what it starts with
  bool pairs = false;                  ///< whether a token is a key and a value
  bool smaller_outputs = true;         ///< whether W_o starts smaller by √(2n)
  std::string memory = "fast_weight";  ///< memory/token_memory.hpp
  MemoryOptions options;               ///< its; key_dim is per head

  /// f(name, option) for every option that is one of the model alone, and not of its task or memory.
  template <class F>
  void fields(F&& f) {
    f("layers", layers), f("width", width), f("heads", heads), f("conv", taps), f("mlp", mlp), f("tied", tied);
    f("embedding", embedding), f("frozen", frozen), f("smaller_outputs", smaller_outputs);
  }
};

/// Sequences with questions at some of their tokens.
struct TokenBatch {
  Layout layout;
  std::vector<int> tokens;       ///< a token per column, or kNoToken
  std::vector<int> partners;     ///< of pairs: the other of each column, or kNoToken
  std::vector<Index> positions;  ///< columns with a question, in ascending order
  std::vector<int> targets;      ///< tokens, as many per question, of which each is an answer
  Index targets_per_question = 1;
};

template <class T>
class SequenceModel {
 public:
  /// Throws ConfigurationError for a size out of range, and as the memory does; returns the options.
  static const SequenceOptions& checked(const SequenceOptions& options);

  /// Parameters as drawn, gradients 0. Throws as checked() does.
  SequenceModel(const SequenceOptions& options, std::uint64_t seed);

  /// What a sequence leaves in each layer for the one that goes on from it; empty before the first. Of a memory that
  /// TokenMemory::carry_refusal() has nothing against.
  using State = std::vector<typename Mixer<T>::State>;

  /// Adds to the gradients those of scale · Σ of the losses of all questions, and returns it. With one over the number of
  /// questions of all batches of a step, that is a mean. states: of each sequence, one token of which at least has a question,
  /// what it goes on from (to its gradients a constant), and then what it leaves; or none.
  double train(const TokenBatch& batch, double scale, std::span<State> states = {});

  /// What became of each question; returns the sum of the losses.
  double evaluate(const TokenBatch& batch, std::vector<Answered>& answered, std::span<State> states = {});

  /// New random features of number `number` for that purpose, if the kernel has any; the constructor has drawn number 0.
  void draw(std::uint64_t number, Purpose purpose = Purpose::redraw);

  /// The same list at every call, with names of their own.
  std::vector<Parameter<T>*> parameters();
  void clear_gradients();

  /// The memory of its heads and its components by kind, as they name themselves.
  std::vector<std::pair<std::string, std::string>> parts() const { return layers_[0].mixer.parts(); }

  /// Entries of parameters().
  Index parameter_count();

  /// Floats that all layers keep from `length` tokens to the next.
  Index state_floats(Index length) const;

 private:
  struct Layer {
    RmsNorm<T> mixer_norm;
    Mixer<T> mixer;
    RmsNorm<T> mlp_norm;
    std::optional<SwiGlu<T>> mlp;
  };

  /// What a pass keeps: of a sublayer its input as it came and normalised.
  struct Input {
    engine::Scratch<T> h, normed, inverse;  // D×N, D×N, 1×N
  };
  struct LayerKept {
    Input to_mixer, to_mlp;
    typename Mixer<T>::Kept mixer;
    typename SwiGlu<T>::Kept mlp;
  };

  /// Calls f(part, its states, questions from) for parts of a batch: whole sequences, of few enough columns that what a pass
  /// keeps of them is bounded, and near.
  template <class F>
  void for_each_part(const TokenBatch& batch, std::span<State> states, F&& f);

  /// Which tokens layer i must answer: behind the last, nobody looks at others than those with a question.
  Columns asking_in(std::size_t i, const TokenBatch& part) const {
    return i + 1 < layers_.size() ? Columns() : Columns(part.positions);
  }

  /// From tokens to what the logits are products with, D×questions.
  engine::Scratch<T>& forward(const TokenBatch& part, std::span<State> states, bool keep);
  void backward(const TokenBatch& part);

  void embed(const TokenBatch& part, MatrixView<T> h);
  void embed_backward(const TokenBatch& part, ConstMatrixView<T> dh);
  ConstMatrixView<T> outputs() const;

  SequenceOptions options_;
  std::uint64_t seed_;
  Embedding<T> embedding_;
  std::optional<Linear<T>> in_, out_;  // of pairs
  std::vector<Layer> layers_;
  RmsNorm<T> norm_;
  std::optional<Parameter<T>> untied_;  // D×outputs
  CrossEntropy<T> loss_;

  TokenBatch part_;
  std::vector<typename Mixer<T>::State*> layer_states_;  // of its sequences, in one layer
  std::vector<LayerKept> kept_;
  engine::Scratch<T> both_, dboth_;                    // 2D×N, of pairs
  engine::Scratch<T> asked_, asked_normed_, inverse_;  // behind the last layer; D×questions, D×questions, 1×questions
  engine::Scratch<T> projected_;                       // D×questions, of pairs
  engine::Scratch<T> dh_, dnormed_;                    // D×N
  engine::Scratch<T> dasked_, dasked_normed_, dprojected_;  // D×questions
};

// Compiled once, in the library: bodies are in sequence_model_impl.hpp.
extern template class SequenceModel<float>;

}  // namespace palimpsest
