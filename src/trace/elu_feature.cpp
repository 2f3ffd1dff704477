#include "palimpsest/trace/elu_feature.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "palimpsest/core/precision.hpp"
#include "palimpsest/sweep/rows/csv.hpp"

namespace palimpsest::trace {
namespace {

constexpr int kFirst = -20 * 8, kLast = 4 * 8;  // eighths

/// In double before they are rounded: each operation is then as good as the format allows.
template <class Stored>
double by_elu(double x) {
  const double elu = rounded<Stored>(x > 0 ? x : std::expm1(x));
  return rounded<Stored>(elu + 1);
}

template <class Stored>
double by_exp(double x) {
  return rounded<Stored>(x > 0 ? x + 1 : std::exp(x));
}

std::string number(double x) { return fmt::format("{:.9g}", x); }

constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kColumns{{
    {"precision", "format that every operation is rounded to"},
    {"x", "an entry of a key, exact in every format"},
    {"exact", "the feature in double precision: exp(x), above 0 x + 1"},
    {"elu_plus_one", "computed as elu(x) + 1, both operations rounded"},
    {"exponential", "computed as exp(x), above 0 x + 1, rounded once"},
    {"error_elu_plus_one", "relative error of `elu_plus_one`"},
    {"error_exponential", "relative error of `exponential`"},
}};

}  // namespace

std::string elu_features() {
  std::vector<std::string> fields;
  for (const auto& [name, meaning] : kColumns) fields.emplace_back(name);
  std::string csv = sweep::csv_line(fields) + "\n";
  Precisions::for_each([&]<class P>() {
    using Stored = typename P::Stored;
    if constexpr (!std::is_same_v<Stored, double>)
      for (int eighths = kFirst; eighths <= kLast; ++eighths) {
        const double x = eighths / 8.0, exact = x > 0 ? x + 1 : std::exp(x);
        const double sum = by_elu<Stored>(x), single = by_exp<Stored>(x);
        csv += sweep::csv_line({std::string(P::name), number(x), number(exact), number(sum), number(single),
                                number(std::abs(sum - exact) / exact), number(std::abs(single - exact) / exact)}) +
               "\n";
      }
  });
  return csv;
}

std::string elu_features_schema() {
  std::string table = "| column | meaning |\n|---|---|\n";
  for (const auto& [name, meaning] : kColumns) table += fmt::format("| `{}` | {} |\n", name, meaning);
  return table;
}

}  // namespace palimpsest::trace
