#include "palimpsest/sweep/rows/row.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <cmath>
#include <iterator>
#include <map>

#include "palimpsest/core/text.hpp"
#include "palimpsest/sweep/rows/csv.hpp"
#include "palimpsest/sweep/rows/slices.hpp"

namespace palimpsest::sweep {
namespace {

std::string text(const std::optional<double>& value) { return value ? number_text(*value) : ""; }

Column key(std::string_view parameter_name) {
  const auto& p = find_parameter(parameter_name);
  const auto index = position_of(p);
  return {p.name, p.type, p.meaning, true, [index](const Point& point, const Outcome&) { return point.key[index]; }};
}

template <class F>
Column measured(std::string_view name, Type type, std::string_view meaning, F value) {
  return {name, type, meaning, false, [value](const Point&, const Outcome& outcome) { return value(outcome); }};
}

Column loss(std::string_view name, std::optional<double> Outcome::*field, std::string_view meaning) {
  return measured(name, Type::real, meaning, [field](const Outcome& o) { return text(o.*field); });
}

Column part(std::string_view name, LossParts Outcome::*field, std::size_t index, std::string_view meaning) {
  return measured(name, Type::real, meaning, [=](const Outcome& o) { return text((o.*field)[index]); });
}

Column count(std::string_view name, Index Outcome::*field, std::string_view meaning) {
  return measured(name, Type::integer, meaning,
                  [field](const Outcome& o) { return o.status == Status::skipped ? "" : fmt::format("{}", o.*field); });
}

Column whole(std::string_view name, std::optional<Index> Outcome::*field, std::string_view meaning) {
  return measured(name, Type::integer, meaning,
                  [field](const Outcome& o) { return o.*field ? fmt::format("{}", *(o.*field)) : ""; });
}

Column status() {
  return measured("status", Type::text,
                  "`ok`, `diverged` (a loss or gradient was NaN, Inf or too large for Adam to square, or no evaluation "
                  "loss was below 1e6) or `skipped` (the combination has no meaning)",
                  [](const Outcome& o) { return std::string(name(o.status)); });
}

Column feature_dim() { return whole("feature_dim", &Outcome::feature_dim, "p, size of a key after the feature map"); }

std::string excess(const Outcome& o) { return o.final_loss && o.bound ? number_text(*o.final_loss - *o.bound) : ""; }

bool has_type(Type type, std::string_view field) {
  if (field.empty() || type == Type::text) return true;
  if (type == Type::boolean) return field == "true" || field == "false";
  double number = 0;
  const auto end = field.data() + field.size();
  const auto read = std::from_chars(field.data(), end, number);
  const bool whole = type == Type::real || field.find_first_not_of("-0123456789") == field.npos;
  return read.ec == std::errc{} && read.ptr == end && whole;
}

std::string wrong_type(std::string_view column, Type type, std::string_view field) {
  return has_type(type, field) ? "" : fmt::format("{} '{}' is not of type {}", column, field, type_name(type));
}

std::string canonical_field(const Column& column, std::string_view field) {
  const auto text = canonical(column.type, field);
  const auto* parameter = parameter_named(column.name);
  if (!column.is_key || !parameter || text.empty()) return text;
  try {
    return canonical(*parameter, text);
  } catch (const ConfigurationError&) {
    return text;
  }
}

/// Null if no results file has a column of this name.
const Column* column_named(std::string_view name) {
  for (const auto& family : kFamilies) {
    const auto& columns = values_schema(family.family).columns();
    const auto at = std::ranges::find(columns, name, &Column::name);
    if (at != columns.end()) return &*at;
  }
  return nullptr;
}

}  // namespace

std::string Schema::header() const {
  std::vector<std::string> names;
  for (const auto& column : columns_) names.emplace_back(column.name);
  return csv_line(names);
}

std::string Schema::row(const Point& point, const Outcome& outcome) const {
  std::vector<std::string> fields;
  for (const auto& column : columns_) fields.push_back(column.text(point, outcome));
  return csv_line(fields);
}

Key Schema::key(const std::vector<std::string>& fields) const {
  Key key(parameters().size());
  for (std::size_t i = 0; i < columns_.size(); ++i)
    if (columns_[i].is_key) key[position_of(columns_[i].name)] = fields[i];
  return key;
}

bool Schema::has(std::string_view column) const {
  return std::ranges::find(columns_, column, &Column::name) != columns_.end();
}

std::size_t Schema::at(std::string_view column) const {
  const auto at = std::find_if(columns_.begin(), columns_.end(), [&](const auto& c) { return c.name == column; });
  assert(at != columns_.end());
  return static_cast<std::size_t>(at - columns_.begin());
}

std::optional<double> Schema::number(const std::vector<std::string>& fields, std::string_view column) const {
  const auto& field = fields[at(column)];
  if (field.empty()) return std::nullopt;
  double value = 0;
  std::from_chars(field.data(), field.data() + field.size(), value);
  return value;
}

std::vector<std::string> Schema::canonical(std::vector<std::string> fields) const {
  for (std::size_t i = 0; i < std::min(fields.size(), columns_.size()); ++i)
    fields[i] = canonical_field(columns_[i], fields[i]);
  return fields;
}

std::string Schema::problem(const std::vector<std::string>& fields) const {
  if (fields.size() != columns_.size())
    return fmt::format("{} fields where the header has {}", fields.size(), columns_.size());
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto& column = columns_[i];
    if (auto problem = wrong_type(column.name, column.type, fields[i]); !problem.empty()) return problem;
    if (column.name == "status" && fields[i] != "ok" && fields[i] != "diverged" && fields[i] != "skipped")
      return fmt::format("status '{}' is not ok, diverged or skipped", fields[i]);
  }
  std::vector<std::string> keys;
  for (const auto& column : columns_) keys.emplace_back(column.is_key ? column.name : "");
  const auto missing = missing_parameter(keys, fields);
  return missing.empty() ? "" : fmt::format("{} is empty", missing);
}

namespace {

Schema pairs_schema() {
  return Schema({
      key("task"),
      key("S"),
      key("L"),
      key("replacement"),
      key("memory"),
      key("kernel"),
      key("key_dim"),
      feature_dim(),
      key("redraw"),
      key("scale"),
      key("rule"),
      key("normalization"),
      key("model"),
      key("evaluation"),
      key("seed"),
      status(),
      measured("reason", Type::text,
               "why it was skipped, or what ended training; and where features are 0 or underflow, how many answers "
               "vanish: are "
               "0 or divided by epsilon more than by z·q",
               [](const Outcome& o) { return o.reason; }),
      count("steps", &Outcome::steps, "training steps taken"),
      count("best_step", &Outcome::best_step, "training step of the best evaluation"),
      loss("train_loss", &Outcome::train_loss, "mean loss of the training steps around the last evaluation"),
      loss("best_loss", &Outcome::best_loss, "best loss of the evaluations during training"),
      loss("final_loss", &Outcome::final_loss, "loss of the best parameters, evaluated again on fresh sequences"),
      loss("accuracy", &Outcome::accuracy,
           "share of queries whose largest output is the right value, and no other as large (ties are wrong), in that "
           "same "
           "evaluation"),
      loss("bound", &Outcome::bound,
           "what no memory of this size can get below: ½·max(0, 1 − p/S), or its like for the evaluation, with the "
           "dimension that mapped keys span in place of p where it is less"),
      measured("excess", Type::real, "final_loss − bound", excess),
      loss("last_loss", &Outcome::last_loss, "loss of the last evaluation during training"),
      key("beta"),
      key("alpha"),
      loss("mean_beta", &Outcome::mean_beta,
           "mean write strength over all writes (and steps of a write) of the final evaluation"),
      loss("mean_alpha", &Outcome::mean_alpha, "mean decay over the same"),
      part("loss_age_1", &Outcome::loss_by_age, 0,
           "final_loss of the queries whose value was written in the newest quarter of the sequence"),
      part("loss_age_2", &Outcome::loss_by_age, 1, "in the second newest quarter"),
      part("loss_age_3", &Outcome::loss_by_age, 2, "in the third"),
      part("loss_age_4", &Outcome::loss_by_age, 3, "in the oldest"),
      part("loss_overwrites_0", &Outcome::loss_by_overwrites, 0,
           "final_loss of the queries whose key was written once"),
      part("loss_overwrites_1", &Outcome::loss_by_overwrites, 1, "of those whose key was overwritten once"),
      part("loss_overwrites_2", &Outcome::loss_by_overwrites, 2, "twice"),
      part("loss_overwrites_3", &Outcome::loss_by_overwrites, 3, "three times or more"),
      key("batch"),
      key("learning_rate"),
      key("max_steps"),
      key("evaluation_every"),
      key("evaluation_sequences"),
      key("tolerance"),
      key("patience"),
      loss("final_loss_error", &Outcome::final_loss_error,
           "standard error of final_loss, from how that evaluation's sequences differ"),
      key("schedule"),
      key("warmup"),
      key("improvement"),
      key("cooldown"),
      key("largest_beta"),
      key("ridge"),
      measured(
          "mean_gates", Type::text,
          "means of the rule's other gates over the same, `name=value` with blanks between, of one per feature over "
          "features too",
          [](const Outcome& o) { return o.mean_gates; }),
  });
}

/// The options of a family of tasks of tokens, and what only they have measured.
std::vector<Column> options_of(Family family) {
  switch (family) {
    case Family::tracking:
      return {key("group"), key("length"), key("test_length")};
    case Family::questions:
      return {key("kinds"), key("entities"),  key("places"),  key("objects"),
              key("facts"), key("questions"), key("stories"), key("loss")};
    case Family::text:
      return {key("corpus"),          key("tokens"),     key("segment"), key("validation"), key("evaluation_segments"),
              key("smaller_outputs"), key("carry_state")};
    default:
      return {key("vocabulary"), key("pairs"),       key("train_pairs"),   key("test_pairs"),
              key("length"),     key("test_length"), key("fill"),          key("passes"),
              key("power"),      key("reassigned"),  key("values_per_key")};
  }
}

template <class F>
Column of_text(std::string_view name, Type type, std::string_view meaning, F value) {
  return measured(name, type, meaning, [value](const Outcome& o) { return o.text ? value(*o.text) : std::string(); });
}

std::vector<Column> measured_of_text() {
  const auto bytes = [](std::string_view name, Index TextOutcome::*field, std::string_view meaning) {
    return of_text(name, Type::integer, meaning, [field](const TextOutcome& t) { return fmt::format("{}", t.*field); });
  };
  const auto number = [](std::string_view name, std::optional<double> TextOutcome::*field, std::string_view meaning) {
    return of_text(name, Type::real, meaning, [field](const TextOutcome& t) { return text(t.*field); });
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
        of_text(names[i], Type::real, meanings[i], [i](const TextOutcome& t) { return text(t.loss_by_position[i]); }));
  return columns;
}

std::vector<Column> measured_of(Family family) {
  switch (family) {
    case Family::tracking:
      return {};
    case Family::questions:
      return {loss("baseline_recent", &Outcome::baseline_recent,
                   "accuracy of the last place that a statement named before the question, over the same questions"),
              loss("baseline_majority", &Outcome::baseline_majority,
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

/// Of a model of layers.
std::vector<Column> model_columns() {
  return {
      key("memory"),
      key("kernel"),
      key("key_dim"),
      feature_dim(),
      key("redraw"),
      key("scale"),
      key("rule"),
      key("normalization"),
      key("beta"),
      key("alpha"),
      key("largest_beta"),
      key("ridge"),
      key("model"),
      key("layers"),
      key("width"),
      key("heads"),
      key("conv"),
      key("mlp"),
      key("tied"),
      key("embedding"),
      key("frozen"),
      key("learning_rate"),
      key("seed"),
      status(),
      measured("reason", Type::text, "why it was skipped, or what ended training",
               [](const Outcome& o) { return o.reason; }),
      count("steps", &Outcome::steps, "training steps taken"),
      count("best_step", &Outcome::best_step, "training step of the best evaluation"),
      whole("steps_to_target", &Outcome::steps_to_target,
            "training steps until the first evaluation with an accuracy of target_accuracy"),
      loss("train_loss", &Outcome::train_loss,
           "mean loss of the training steps around the last evaluation: cross entropy over questions, in nats"),
      loss("best_loss", &Outcome::best_loss, "best loss of the evaluations during training"),
      loss("last_loss", &Outcome::last_loss, "loss of the last evaluation during training"),
      loss(
          "final_loss", &Outcome::final_loss,
          "loss of the best parameters (of those that reached the target, else of the lowest loss), evaluated again on "
          "fresh sequences, of a text on its test split; the mean over the sizes that are tested, as accuracies are"),
      loss("final_loss_error", &Outcome::final_loss_error,
           "standard error of final_loss, from how that evaluation's sequences differ"),
      loss("accuracy", &Outcome::accuracy,
           "share of questions, each alike, whose largest logits are the answers and no other as large, in that same "
           "evaluation"),
      loss("accuracy_error", &Outcome::accuracy_error, "its standard error"),
      loss("sequence_accuracy", &Outcome::sequence_accuracy, "share of sequences with all questions right"),
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
      whole(
          "state_floats", &Outcome::state_floats,
          "numbers that all layers keep from the longest trained sequence to its next token: states, accumulators and "
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

/// Whether tasks of a family have it, of the columns that tasks of tokens share.
bool is_of(const Column& column, Family family) { return !column.is_key || belongs(column.name, family); }

Schema tokens_schema(Family family) {
  std::vector<Column> columns{key("task")};
  for (const auto& part : {options_of(family), model_columns(), measured_of(family), training_columns()})
    std::ranges::copy_if(part, std::back_inserter(columns), [&](const auto& column) { return is_of(column, family); });
  return Schema(std::move(columns));
}

Schema timings_of(const Schema& values) {
  std::vector<Column> columns;
  for (const auto& column : values.columns())
    if (column.is_key) columns.push_back(column);
  columns.push_back(measured("seconds", Type::real, "processor time of the point",
                             [](const Outcome& o) { return number_text(std::round(o.seconds * 1e6) / 1e6); }));
  return Schema(std::move(columns));
}

}  // namespace

namespace {

struct Schemas {
  Schema values, timings;
};

const Schemas& schemas(Family family) {
  static const auto all = [] {
    std::map<Family, Schemas> made;
    for (const auto& family : kFamilies) {
      auto values = family.tokens ? tokens_schema(family.family) : pairs_schema();
      auto timings = timings_of(values);
      made.emplace(family.family, Schemas{std::move(values), std::move(timings)});
    }
    return made;
  }();
  return all.at(family);
}

}  // namespace

namespace {

std::string markdown(const std::vector<Column>& columns) {
  std::string table = "| column | type | meaning |\n|---|---|---|\n";
  for (const auto& column : columns)
    table += fmt::format("| `{}` | {} | {} |\n", column.name, type_name(column.type), column.meaning);
  return table;
}

}  // namespace

std::string schemas_markdown() {
  std::vector<Column> common{key("task")};
  for (auto&& part : {model_columns(), training_columns()}) common.insert(common.end(), part.begin(), part.end());
  auto text = fmt::format("Tasks of pairs:\n\n{}\nAll tasks of tokens:\n\n{}", markdown(pairs_schema().columns()),
                          markdown(common));
  for (const auto& family : kFamilies) {
    if (!family.tokens) continue;
    auto own = options_of(family.family);
    for (auto& column : measured_of(family.family)) own.push_back(std::move(column));
    std::string without;
    for (const auto& column : common)
      if (!is_of(column, family.family)) without += fmt::format("{}{}", without.empty() ? "" : ", ", column.name);
    text += fmt::format("\nOf {}, too{}:\n\n{}", family.name,
                        without.empty() ? "" : fmt::format(", but not {}", without), markdown(own));
  }
  return text;
}

const Schema& values_schema(Family family) { return schemas(family).values; }
const Schema& timings_schema(Family family) { return schemas(family).timings; }

std::string_view name(Status status) {
  switch (status) {
    case Status::ok:
      return "ok";
    case Status::diverged:
      return "diverged";
    case Status::skipped:
      return "skipped";
  }
  return "";
}

std::string canonical_cell(std::string_view column, std::string_view cell) {
  const auto* known = column_named(column);
  return known ? canonical_field(*known, cell) : std::string(cell);
}

std::string problem_of_cell(std::string_view column, std::string_view cell) {
  const auto* known = column_named(column);
  if (!known || cell.empty()) return "";
  const auto* parameter = parameter_named(column);
  if (!parameter || parameter->type == Type::text) return wrong_type(column, known->type, cell);
  try {
    canonical(*parameter, cell);
    return "";
  } catch (const ConfigurationError& error) {
    return error.what();
  }
}

std::string_view missing_parameter(const std::vector<std::string>& columns, const std::vector<std::string>& fields) {
  Configuration configuration;
  configuration.memory = "softmax";  // has the fewest parameters
  std::vector<const Parameter*> empty;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto* parameter = parameter_named(columns[i]);
    if (!parameter) continue;
    try {
      if (fields[i].empty())
        empty.push_back(parameter);
      else
        parameter->set(configuration, fields[i]);
    } catch (const ConfigurationError&) {  // whoever needs the value says so
    }
  }
  for (const auto* parameter : empty) try {
      if (applies(parameter->name, configuration)) return parameter->name;
    } catch (const ConfigurationError&) {  // a component of another version
    }
  return "";
}

}  // namespace palimpsest::sweep
