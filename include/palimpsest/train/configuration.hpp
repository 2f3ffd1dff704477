// Every choice that defines one trained point, resolved: nothing here depends on another option, and each field is a
// column of the results. Components are held by their specifications (`dpfp:2`). Below it, what a configuration means;
// train/point.hpp runs it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "palimpsest/core/types.hpp"
#include "palimpsest/memory/memory.hpp"
#include "palimpsest/task/family.hpp"

namespace palimpsest {

struct Configuration {
  std::string task = "associative_retrieval";

  // Of tasks of tokens; a sequence has one of the numbers of pairs, each as likely.
  Index vocabulary = 8192;
  Index pairs = 4;
  std::string train_pairs = "4";   ///< numbers of pairs that are trained, ascending, `4` or `4 8 16`
  std::string test_pairs = "4";    ///< numbers of pairs that are evaluated
  std::string length = "64";       ///< tokens in a sequence; with several numbers of pairs also a multiple, `4pairs`
  std::string test_length = "64";  ///< the same of evaluations
  std::string fill = "zero";
  Index passes = 1;
  double power = 0.01;
  double reassigned = 0.25;
  Index values_per_key = 2;
  std::string group = "parity";  ///< of state_tracking, task/state_tracking.hpp

  // Of question_answering: task/question_answering.hpp.
  std::string kinds = "one_fact";
  Index entities = 8;               ///< actors
  std::string places = "entities";  ///< a number, or as many as `entities`
  std::string objects = "entities";
  Index facts = 2;
  Index questions = 1;
  Index stories = 1;
  std::string loss = "answers";  ///< of training; evaluations are of answers
  // Of language modelling, task/text.hpp.
  std::string corpus = "brown";
  std::string tokens = "bytes";
  Index segment = 256;
  std::string validation = "documents";
  Index evaluation_segments = 0;  ///< of a split that are evaluated, from its first on; 0: all
  bool carry_state = false;       ///< whether a segment starts with the state that the one before it left

  // Of associative retrieval.
  Index S = 20;              ///< distinct keys, and distinct values
  Index L = 20;              ///< writes in a sequence
  bool replacement = false;  ///< keys and values drawn with replacement (setting 2) or without (setting 1)

  // Of models of layers.
  Index layers = 2;
  Index width = 64;
  Index heads = 1;
  Index conv = 4;                    ///< taps of the convolutions; 0 or 1: none
  bool mlp = false;                  ///< whether a SwiGLU follows each memory
  bool tied = true;                  ///< whether logits are products with the embedding
  std::string embedding = "normal";  ///< how it starts: `normal` or `unit_sphere`
  bool frozen = false;               ///< whether the embedding stays as it starts
  bool smaller_outputs = true;  ///< whether what a memory's answers are mapped by starts smaller, by √(2·layers)

  std::string memory = "fast_weight";
  std::string kernel = "elu";
  Index key_dim = 64;            ///< d, size of a key before the feature map
  std::string redraw = "fixed";  ///< random features: `fixed`, `every_step` or `every:n` training steps
  std::string scale = "none";    ///< random features: `none` or `d^-1/4`, which multiplies keys and queries
  std::string rule = "sum";
  std::string beta = "learnt";   ///< write strength β: `learnt` from each token, or a fixed number
  std::string alpha = "learnt";  ///< decay α: `learnt` from each token, or a fixed number
  std::string normalization = "attention";
  std::string model = "published";
  std::string evaluation = "exact";  ///< `exact` or `published_2021`
  std::uint64_t seed = 1;

  // How it is trained; the defaults are those of the protocol `fast`.
  Index batch = 32;             ///< sequences a training step
  double learning_rate = 5e-3;  ///< Adam's, at its highest
  Index max_steps = 6000;
  Index evaluation_every = 100;       ///< training steps between evaluations
  Index evaluation_sequences = 20;    ///< fresh sequences an evaluation
  double tolerance = 1e-3;            ///< training stops at an evaluation loss not above this
  Index patience = 3;                 ///< evaluations in a row without an improvement that end learning at full rate
  std::string schedule = "cooldown";  ///< `constant`, `cosine` or `cooldown`: train/schedule.hpp
  Index warmup = 300;                 ///< steps over which the rate rises to its highest
  double improvement = 0.005;         ///< share by which an evaluation must lower the loss to count
  double cooldown = 0.5;              ///< steps of falling rate, as a share of those before

  // Of some rules.
  double largest_beta = 1;       ///< what β may go up to, where the rule allows more than 1: 1 or 2
  std::string ridge = "learnt";  ///< regulariser of mesa: `learnt`, or a number

  // How a model of layers is trained.
  double target_accuracy = 0.99;  ///< training stops at an evaluation as accurate
  double weight_decay = 0.1;      ///< AdamW's
  double largest_gradient = 0;    ///< norm that gradients are clipped at; 0: not
  Index examples = 0;             ///< sequences that are trained over and over; 0: fresh ones at every step

  bool operator==(const Configuration&) const = default;
};

/// Named values of how a point is trained, all explicit:
///   fast            a rate that rises to 5e-3 and falls once three evaluations in a row are no better, 6000 steps at most:
///                   ends where published_2021 does in a third of its steps (results/capacity/README.md)
///   patient         the same after six evaluations, 10 000 steps at most: where keys are written again, learning stalls
///                   for longer and goes on
///   published_2021  Schlag, Irie, Schmidhuber 2021 (arXiv 2102.11174), section 6.1 and its synthetic code: a rate of
///                   1e-3, until 11 evaluations in a row bring no new best, or 100 000 steps
///   sequence        tasks of tokens: batches of 64, a rate that falls from 3e-3 to 0 over 3000 steps (cosine), 256 sequences
///                   an evaluation
/// Throws ConfigurationError for another name.
void follow_protocol(std::string_view protocol, Configuration& configuration);

/// The family of its task; of a task that isn't known, pairs.
Family family_of(const Configuration& configuration);

/// Whether its task deals tokens, for a model of layers; else it deals pairs, for one of tables.
bool of_tokens(const Configuration& configuration);

/// Names of the options that tasks of tokens of this family bring, and of those that a model of layers brings, in the order of their
/// columns.
const std::vector<std::string_view>& task_options(Family family);
const std::vector<std::string_view>& model_options();

/// Whether points of tasks of this family have a parameter of this name at all.
bool belongs(std::string_view parameter, Family family);

/// Throws ConfigurationError, naming the value and the allowed ones, if the configuration has an unknown component or
/// a value out of range. A known combination without meaning is no error; see reason_to_skip.
void validate(const Configuration& configuration);

/// Why a valid combination of components has no meaning (`skipped` in the results); empty if it has.
std::optional<std::string> reason_to_skip(const Configuration& configuration);

/// Whether this parameter (a Configuration field's name) changes anything for this configuration: a softmax memory has
/// no `kernel`, only random features have a `redraw`.
bool applies(std::string_view parameter, const Configuration& configuration);

/// The same of several, in their order; the memory that knows most of them is made once.
std::vector<bool> applies(std::span<const std::string_view> parameters, const Configuration& configuration);

/// Steps between new random features: 0 never (`fixed`), 1 at every forward pass (`every_step`), n (`every:n`).
Index redraw_interval(const std::string& redraw);

/// p, the size of a mapped key; empty for a memory without a feature map.
std::optional<Index> feature_dim(const Configuration& configuration);

/// Dimension of the space that mapped keys span, which bounds what is stored: p or less. Empty as p is.
std::optional<Index> rank(const Configuration& configuration);

/// Of a task of pairs: floats that the memory keeps from the last write to the first query: the state S×p, and p more for an accumulator;
/// p×p more for recursive least squares; L keys and values, L×(d + S), for softmax. Random features and a learnt kernel's
/// parameters are shared by all sequences and not counted.
Index state_floats(const Configuration& configuration);

}  // namespace palimpsest
