// Two result files side by side: compare before.csv after.csv
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "main.hpp"
#include "palimpsest/sweep/judge/comparison.hpp"
#include "palimpsest/sweep/rows/row.hpp"

namespace {

constexpr auto examples = R"(
Examples:
  compare before.csv after.csv --fail-on-difference
  compare results/run/capacity.csv results/reference/published_2021.csv --where setting=1 --metric-b last_loss \
      --allow-missing
  compare gcc.csv clang.csv --metric accuracy --level 0.01
Points are matched by the parameters that both files have, seed aside. Means differ (*) by Student's t with the spread
over seeds pooled from both sides of a point, at a threshold that grows with the number of points (Benjamini, Hochberg):
two equal programs have any mark with probability --level. That holds where seeds are about normal. At capacity, where some
fail and some don't, three seeds a side may fall apart by chance (1 in 32 such points): run more of them. With one seed on both sides
any difference counts. Exits with 1 if one side has fewer points, or fewer usable seeds (status ok, a finite value) of a point.)";

std::vector<std::pair<std::string, std::string>> conditions(const std::vector<std::string>& texts) {
  std::vector<std::pair<std::string, std::string>> all;
  for (const auto& text : texts) {
    const auto equals = text.find('=');
    if (equals == text.npos || equals == 0)
      throw palimpsest::ConfigurationError(fmt::format("--where '{}': write COLUMN=VALUE", text));
    const auto column = text.substr(0, equals);
    all.emplace_back(column, palimpsest::sweep::canonical_cell(column, text.substr(equals + 1)));
  }
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace palimpsest::sweep;
  std::filesystem::path a, b;
  ComparisonRequest request;
  std::string metric;
  std::vector<std::string> where;
  bool fail = false, allow_missing = false;
  CLI::App app("Compares two results files point by point and marks differences beyond the spread of seeds.",
               "compare");
  app.footer(examples);
  app.add_option("a", a, "results")->required()->type_name("A.csv");
  app.add_option("b", b, "other results")->required()->type_name("B.csv");
  auto* both = app.add_option("--metric", metric, "column of both (default: final_loss)");
  app.add_option("--metric-a", request.metric_a, "column of a")->excludes(both);
  app.add_option("--metric-b", request.metric_b, "column of b")->excludes(both);
  app.add_option("--where", where, "only rows with this value, in the files that have the column")
      ->allow_extra_args(false)
      ->take_all()
      ->type_name("COLUMN=VALUE");
  app.add_option("--level", request.level, "probability that two equal programs have any mark (default: 0.05)");
  app.add_option("--negligible", request.negligible,
                 "means not above it are equal (default: 0.001, where training stops)");
  app.add_flag("--allow-missing", allow_missing, "don't exit with 1 because a side has fewer points or usable seeds");
  app.add_flag("--fail-on-difference", fail, "exit with 1 if a point differs");
  return palimpsest::run_main(argc, argv, app, [&] {
    if (!metric.empty()) request.metric_a = request.metric_b = metric;
    request.where = conditions(where);
    const auto comparison = compare(read_table(a), read_table(b), request);
    fmt::print("{}", to_text(comparison));
    const auto lacking = missing(comparison);
    if (!lacking.empty() && !allow_missing) {
      fmt::print(stderr, "compare: {}; --allow-missing says that this is fine\n", lacking);
      return 1;
    }
    const auto& pairs = comparison.pairs;
    return fail && std::any_of(pairs.begin(), pairs.end(), [](const auto& pair) { return pair.differs; }) ? 1 : 0;
  });
}
