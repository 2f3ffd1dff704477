#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <iterator>

#include "palimpsest/sweep/rows/slices.hpp"
#include "sweep/rows/columns.hpp"

namespace palimpsest::sweep {
namespace {

template <class F>
Column of_text(std::string_view name, Type type, std::string_view meaning, F value) {
  return measured(name, type, meaning, [value](const Outcome& o) { return o.text ? value(*o.text) : std::string(); });
}

std::vector<Column> measured_of_text() {
  const auto bytes = [](std::string_view name, Index TextOutcome::*field, std::string_view meaning) {
    return of_text(name, Type::integer, meaning, [field](const TextOutcome& t) { return fmt::format("{}", t.*field); });
  };
  const auto number = [](std::string_view name, std::optional<double> TextOutcome::*field, std::string_view meaning) {
    return of_text(name, Type::real, meaning, [field](const TextOutcome& t) { return cell(t.*field); });
  };
  std::vector<Column> columns{
      of_text("corpus_hash", Type::text, "FNV-1a of the whole text, 64 bits in hexadecimal",
              [](const TextOutcome& t) { return t.corpus_hash; }),
      bytes("train_bytes", &TextOutcome::train_bytes, "bytes of the training split"),
      bytes("validation_bytes", &TextOutcome::validation_bytes, "of the validation split"),
      bytes("test_bytes", &TextOutcome::test_bytes, "of the test split"),
      number("validation_bits_per_byte", &TextOutcome::validation_bits_per_byte,
             "−log₂ p of the validation split per byte, at the best evaluation during training"),
      number("test_bits_per_byte", &TextOutcome::test_bits_per_byte,
             "that of the test split, with the parameters of that evaluation; comparable across tokens"),
      number("test_perplexity_per_word", &TextOutcome::test_perplexity_per_word,
             "exp(−ln p per word) of the same; a word ends where a blank or a line end follows it"),
  };
  static constexpr std::array<std::string_view, 8> names = {"loss_position_1", "loss_position_2", "loss_position_3",
                                                            "loss_position_4", "loss_position_5", "loss_position_6",
                                                            "loss_position_7", "loss_position_8"};
  static constexpr std::array<std::string_view, 8> meanings = {
      "final_loss of the tokens in the first eighth of a segment, in nats per token",
      "in the second",
      "in the third",
      "in the fourth",
      "in the fifth",
      "in the sixth",
      "in the seventh",
      "in the last"};
  for (std::size_t i = 0; i < names.size(); ++i)
    columns.push_back(
        of_text(names[i], Type::real, meanings[i], [i](const TextOutcome& t) { return cell(t.loss_by_position[i]); }));
  return columns;
}

std::vector<Column> measured_of(Family family) {
  switch (family) {
    case Family::tracking:
      return {};
    case Family::questions:
      return {number("baseline_recent", &Outcome::baseline_recent,
                     "accuracy of the last place that a statement named before the question, over the same questions"),
              number("baseline_majority", &Outcome::baseline_majority,
                     "accuracy of the answer that is the most frequent among them")};
    case Family::text:
      return measured_of_text();
    default:
      return {measured(
          "by_pairs", Type::text,
          "where several numbers of pairs are tested, or others than trained: of each "
          "`pairs=accuracy/its error/sequence_accuracy/loss`, with blanks between; NAME.slices.csv has it as rows",
          [](const Outcome& o) { return slices_text(o.slices); })};
  }
}

std::vector<Column> keys(const std::vector<std::string_view>& parameters) {
  std::vector<Column> columns;
  std::ranges::transform(parameters, std::back_inserter(columns), key);
  return columns;
}

std::vector<Column> memory_columns() {
  return {
      key("memory"), key("kernel"),        key("key_dim"), feature_dim(), key("redraw"),       key("scale"),
      key("rule"),   key("normalization"), key("beta"),    key("alpha"),  key("largest_beta"), key("ridge"),
  };
}

/// What became of training and of its best parameters.
std::vector<Column> result_columns() {
  return {
      key("learning_rate"),
      key("seed"),
      status(),
      measured("reason", Type::text, "why it was skipped, or what ended training",
               [](const Outcome& o) { return o.reason; }),
      count("steps", &Outcome::steps, "training steps taken"),
      count("best_step", &Outcome::best_step, "training step of the best evaluation"),
      whole("steps_to_target", &Outcome::steps_to_target,
            "training steps until the first evaluation with an accuracy of target_accuracy"),
      number("train_loss", &Outcome::train_loss,
             "mean loss of the training steps around the last evaluation: cross entropy over questions, in nats"),
      number("best_loss", &Outcome::best_loss, "best loss of the evaluations during training"),
      number("last_loss", &Outcome::last_loss, "loss of the last evaluation during training"),
      number(
          "final_loss", &Outcome::final_loss,
          "loss of the best parameters (of those that reached the target, else of the lowest loss), evaluated again on "
          "fresh sequences, of a text on its test split; the mean over the sizes that are tested, as accuracies are"),
      number("final_loss_error", &Outcome::final_loss_error,
             "standard error of final_loss, from how that evaluation's sequences differ; segments of a text, of which "
             "those of a "
             "document are alike, count as independent, so that it is less than it should be there"),
      number("accuracy", &Outcome::accuracy,
             "share of questions, each alike, whose largest logits are the answers and no other as large, in that same "
             "evaluation"),
      number("accuracy_error", &Outcome::accuracy_error, "its standard error"),
      number("sequence_accuracy", &Outcome::sequence_accuracy, "share of sequences with all questions right"),
      part("accuracy_distance_1", &Outcome::accuracy_by_distance, 0,
           "accuracy of the questions whose answer is at most a quarter of its sequence away"),
      part("accuracy_distance_2", &Outcome::accuracy_by_distance, 1, "at most half of it"),
      part("accuracy_distance_3", &Outcome::accuracy_by_distance, 2, "at most three quarters"),
      part("accuracy_distance_4", &Outcome::accuracy_by_distance, 3, "more"),
  };
}

/// How large it is, and how it was trained.
std::vector<Column> training_columns() {
  return {
      whole("state_floats", &Outcome::state_floats,
            "numbers that all layers keep from the longest sequence of the final evaluation to its next token: states, "
            "accumulators and "
            "the last taps − 1 tokens of convolutions"),
      whole("parameters", &Outcome::parameters, "trained numbers"),
      key("batch"),
      key("schedule"),
      key("warmup"),
      key("max_steps"),
      key("evaluation_every"),
      key("evaluation_sequences"),
      key("patience"),
      key("improvement"),
      key("cooldown"),
      key("target_accuracy"),
      key("weight_decay"),
      key("largest_gradient"),
      key("examples"),
  };
}

using Columns = std::vector<Column>;

Columns joined(std::initializer_list<Columns> parts) {
  Columns all;
  for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

Columns model_columns() { return joined({memory_columns(), {key("model")}, keys(model_options()), result_columns()}); }

}  // namespace

bool is_of(const Column& column, Family family) { return !column.is_key || belongs(column.name, family); }

Columns shared_token_columns() { return joined({{key("task")}, model_columns(), training_columns()}); }

Columns own_token_columns(Family family) { return joined({keys(task_options(family)), measured_of(family)}); }

Columns token_columns(Family family) {
  Columns columns;
  const auto all =
      joined({{key("task")}, keys(task_options(family)), model_columns(), measured_of(family), training_columns()});
  std::ranges::copy_if(all, std::back_inserter(columns), [&](const auto& column) { return is_of(column, family); });
  return columns;
}

}  // namespace palimpsest::sweep
