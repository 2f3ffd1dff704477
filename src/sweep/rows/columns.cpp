#include "sweep/rows/columns.hpp"

#include <fmt/format.h>

#include "palimpsest/core/text.hpp"

namespace palimpsest::sweep {

std::string cell(const std::optional<double>& value) { return value ? number_text(*value) : ""; }

Column key(std::string_view parameter_name) {
  const auto& p = find_parameter(parameter_name);
  const auto index = position_of(p);
  return {p.name, p.type, p.meaning, true, [index](const Point& point, const Outcome&) { return point.key[index]; }};
}

Column number(std::string_view name, std::optional<double> Outcome::*field, std::string_view meaning) {
  return measured(name, Type::real, meaning, [field](const Outcome& o) { return cell(o.*field); });
}

Column part(std::string_view name, LossParts Outcome::*field, std::size_t index, std::string_view meaning) {
  return measured(name, Type::real, meaning, [=](const Outcome& o) { return cell((o.*field)[index]); });
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

}  // namespace palimpsest::sweep
