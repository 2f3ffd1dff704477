#include "palimpsest/sweep/judge/capacity_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "palimpsest/sweep/plan/parameter.hpp"
#include "palimpsest/sweep/plan/specification.hpp"
#include "palimpsest/sweep/rows/collection.hpp"
#include "palimpsest/task/token_options.hpp"

namespace palimpsest::sweep {
namespace {

/// That of the file's tasks. Older files of tasks of pairs don't name their task.
Family family_of(const Table& table) {
  Configuration first;
  if (const auto task = table.find("task"); task && !table.rows.empty()) first.task = table.rows.front().fields[*task];
  return palimpsest::family_of(first);
}

/// The rows as points, curve by curve. The length is no part of what tells them apart yet.
class Reader {
 public:
  Reader(const Table& table, const Beside& beside)
      : table_(table), search_(beside.search), unit_(traits(family_of(table))) {
    for (const auto name :
         {unit_.size, std::string_view("seed"), std::string_view("memory"), std::string_view("feature_dim"),
          std::string_view("status"), std::string_view("final_loss"), std::string_view("accuracy")})
      table.at(name);
    if (!unit_.length.empty()) table.at(unit_.length);
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      const auto& name = table.columns[i];
      const bool parameter =
          std::any_of(parameters().begin(), parameters().end(), [&](auto& p) { return p.name == name; });
      if (parameter) parameters_.push_back(i);
      // What is trained and tested follows the size, of which there is one here.
      const bool follows = name == "train_pairs" || name == "test_pairs" ||
                           ((name == "test_length" || beside.following.contains(name)) && name != unit_.length);
      if (name != unit_.size && name != "seed" && !follows && (parameter || name == "feature_dim")) curve_.push_back(i);
    }
    if (unit_.family == Family::tracking || unit_.family == Family::text)
      throw ConfigurationError(
          fmt::format("{}: tasks of {} keep one state, however long a sequence is: there is no number of things held",
                      table.path.native(), unit_.name));
    if (beside.timings) read_timings(*beside.timings);
  }

  std::vector<std::string> curve_columns() const {
    std::vector<std::string> names;
    for (const auto i : curve_) names.push_back(table_.columns[i]);
    return names;
  }

  std::vector<CapacityCurve> curves() const {
    const auto lengths = lengths_of_curves();
    std::vector<CapacityCurve> curves;
    std::map<std::vector<std::string>, std::size_t> index;
    for (const auto& row : table_.rows) {
      if (!was_trained(row)) continue;
      const auto trained = read(row);
      auto own = fields(row, curve_);
      const auto& c = trained.configuration;
      if (family_of(c) == Family::recall &&
          (c.train_pairs != c.test_pairs || PairsMixture::parse("train_pairs", c.train_pairs).members().size() > 1))
        throw ConfigurationError(
            fmt::format("{}:{}: a point of several numbers of pairs has no capacity", table_.path.native(), row.line));
      const auto size = size_of(row, c);
      const auto L = length(lengths.at(fields_without_length(row)), size);
      if (!unit_.length.empty()) own[length_position()] = L;
      const auto [at, is_new] = index.try_emplace(own, curves.size());
      if (is_new) curves.push_back({std::move(own), L, {}});
      const auto [kept, first] = curves[at->second].seeds[c.seed].try_emplace(size.first, trained);
      if (!first && kept->second != trained)
        throw ConfigurationError(
            fmt::format("{}:{}: a second, different row of this point", table_.path.native(), row.line));
    }
    if (curves.empty()) throw ConfigurationError(fmt::format("'{}' has no trained point", table_.path.native()));
    if (search_ && search_->beyond > 0)
      for (auto& curve : curves)
        for (auto& [seed, sizes] : curve.seeds) mark_beyond(sizes);
    return curves;
  }

 private:
  bool was_trained(const Table::Row& row) const {
    const auto& status = row.fields[table_.at("status")];
    return status == "ok" || status == "diverged";
  }

  static std::vector<std::string> fields(const Table::Row& row, const std::vector<std::size_t>& columns) {
    std::vector<std::string> fields;
    for (const auto i : columns) fields.push_back(row.fields[i]);
    return fields;
  }

  std::size_t length_position() const {
    return static_cast<std::size_t>(std::find(curve_.begin(), curve_.end(), table_.at(unit_.length)) - curve_.begin());
  }

  /// What tells curves apart that may differ in their length otherwise, and in that of which the best value counts.
  std::vector<std::string> fields_without_length(const Table::Row& row) const {
    auto own = fields(row, curve_);
    if (!unit_.length.empty()) own[length_position()].clear();
    for (std::size_t i = 0; i < curve_.size(); ++i)
      if (search_ && table_.columns[curve_[i]] == search_->best_of) own[i].clear();
    return own;
  }

  /// Of the curves that are alike but for that, the (S, L) that they have.
  std::map<std::vector<std::string>, std::set<std::pair<Index, Index>>> lengths_of_curves() const {
    std::map<std::vector<std::string>, std::set<std::pair<Index, Index>>> lengths;
    for (const auto& row : table_.rows) {
      if (!was_trained(row)) continue;
      lengths[fields_without_length(row)].insert(size_of(row, read(row).configuration));
    }
    return lengths;
  }

  /// The size of a row, and its length; 0 where the task has none.
  std::pair<Index, Index> size_of(const Table::Row& row, const Configuration& c) const {
    if (!of_tokens(c)) return {c.S, c.L};
    const auto length = unit_.length.empty() ? std::nullopt : table_.number(row, table_.at(unit_.length));
    return {static_cast<Index>(table_.needed(row, table_.at(unit_.size))), length ? static_cast<Index>(*length) : 0};
  }

  /// `2S`, unless the length is the same number for different sizes.
  std::string length(const std::set<std::pair<Index, Index>>& sizes, std::pair<Index, Index> own) const {
    const auto [S, L] = own;
    if (L == 0) return "";
    const bool constant =
        std::all_of(sizes.begin(), sizes.end(), [L = L](const auto& size) { return size.second == L; });
    if ((constant && sizes.size() > 1) || L % S != 0) return fmt::format("{}", L);
    return L == S ? std::string(unit_.size) : fmt::format("{}{}", L / S, unit_.size);
  }

  void read_timings(const Table& timings) {
    const auto seconds = timings.at("seconds");
    std::vector<std::size_t> common;
    for (const auto i : parameters_)
      if (const auto theirs = timings.find(table_.columns[i])) timed_.push_back(i), common.push_back(*theirs);
    for (const auto& row : timings.rows)  // of two timings of a point, the later
      seconds_.insert_or_assign(fields(row, common), timings.needed(row, seconds));
  }

  /// Goes the way of the search again, by the rows that are there.
  void mark_beyond(std::map<Index, TrainedPoint>& sizes) const {
    std::set<Index> asked, beyond;
    for (const auto& criterion : search_->criteria) {
      const auto course = follow(*search_, [&](Index S) -> std::optional<bool> {
        const auto found = sizes.find(S);
        if (found == sizes.end()) return std::nullopt;
        return fulfils(found->second.measured, criterion);
      });
      asked.insert(course.sizes.begin(), course.sizes.end());
      if (course.beyond) beyond.insert(*course.beyond);
    }
    for (const auto S : beyond)
      if (const auto found = sizes.find(S); found != sizes.end()) found->second.beyond = !asked.contains(S);
  }

  TrainedPoint read(const Table::Row& row) const {
    TrainedPoint trained;
    try {
      for (const auto i : parameters_)
        if (!row.fields[i].empty()) find_parameter(table_.columns[i]).set(trained.configuration, row.fields[i]);
    } catch (const ConfigurationError& error) {
      throw ConfigurationError(fmt::format("{}:{}: {}", table_.path.native(), row.line, error.what()));
    }
    if (const auto p = table_.number(row, table_.at("feature_dim"))) {
      trained.p = static_cast<Index>(*p);
      if (table_.find("key_dim") && !of_tokens(trained.configuration))
        trained.p = std::min(*trained.p, rank(trained.configuration).value_or(*trained.p));
    }
    const auto needed = [&](std::string_view column) { return table_.needed(row, table_.at(column)); };
    const auto number = [&](std::string_view column) {
      const auto at = table_.find(column);
      return at ? table_.number(row, *at) : std::nullopt;
    };
    if (row.fields[table_.at("status")] == "ok")
      trained.measured = {needed("final_loss"), needed("accuracy"), number("best_loss"), number("final_loss_error"),
                          trained.configuration.evaluation_sequences};
    if (number("steps_to_target")) trained.measured.reached_accuracy = trained.configuration.target_accuracy;
    trained.measured.accuracy_error = number("accuracy_error");
    if (const auto floats = number("state_floats")) trained.state_floats = static_cast<Index>(*floats);
    const auto seconds = seconds_.find(fields(row, timed_));
    const auto steps = number("steps");
    if (seconds != seconds_.end() && steps && *steps > 0) trained.step_seconds = seconds->second / *steps;
    return trained;
  }

  const Table& table_;
  const std::optional<Search>& search_;
  FamilyTraits unit_;
  std::vector<std::size_t> parameters_, curve_;
  std::vector<std::size_t> timed_;                      // parameters that the timings have, too
  std::map<std::vector<std::string>, double> seconds_;  // by their fields
};

/// Parameters that every group says by others, and none by a value of its own.
std::set<std::string> following(const Specification& specification) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < parameters().size(); ++i) {
    const auto& parameter = parameters()[i];
    if (std::ranges::all_of(specification.groups, [&](const Group& group) {
          return std::ranges::all_of(group[i], [&](const auto& value) { return parameter.is_relative(value); });
        }))
      names.emplace(parameter.name);
  }
  names.erase("key_dim");  // follows the width
  return names;
}

}  // namespace

Beside read_beside(const std::filesystem::path& results) {
  Beside beside;
  std::error_code error;
  if (const auto path = provenance_path(results); std::filesystem::exists(path, error)) {
    const auto specification = load_specification(path);
    beside.search = specification.search;
    beside.following = following(specification);
  }
  if (const auto path = timings_path(results); std::filesystem::exists(path, error)) beside.timings = read_table(path);
  return beside;
}

CapacityCurves read_curves(const Table& results, const Beside& beside) {
  const Reader reader(results, beside);
  return {reader.curve_columns(), reader.curves()};
}

}  // namespace palimpsest::sweep
