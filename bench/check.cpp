// Holds the numbers of a results file against declared gates: check results.csv --tier quick
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "main.hpp"
#include "palimpsest/core/file.hpp"
#include "palimpsest/sweep/judge/gate.hpp"
#include "palimpsest/sweep/plan/declared.hpp"

namespace {

constexpr auto examples = R"(
Examples:
  sweep gates_quick --out gates.csv && check gates.csv --tier quick
  check results/capacity/capacity.csv --tier full --junit gates.xml
  sweep mqar_quick --out m.csv && capacity m.csv --criterion 'accuracy >= 0.9' --out m.capacity.csv
  check m.capacity.csv --tier mqar_quick
  sweep state_tracking --out t.csv && check t.csv --tier state_tracking
  check mine.csv --gates mine.toml
Exits with 1 if a gate is red: a value beyond its bound, or a row that is missing.)";

}  // namespace

int main(int argc, char** argv) {
  using namespace palimpsest::sweep;
  std::filesystem::path results, junit;
  auto gates = declared_directory(PALIMPSEST_DATA_FROM_MAINS, PALIMPSEST_SOURCE_DIR "/bench") / "gates.toml";
  std::string tier = "quick";
  CLI::App app("Checks the results of a sweep against gates: bounds that they must keep.", "check");
  app.footer(examples);
  app.add_option("results", results, "results of a sweep")->required()->type_name("FILE.csv");
  app.add_option("--gates", gates, fmt::format("the gates (default: {})", gates.native()))->type_name("FILE.toml");
  app.add_option("--tier", tier, "which gates (default: quick)")
      ->check(CLI::IsMember(std::vector<std::string>(gate_tiers.begin(), gate_tiers.end())));
  app.add_option("--junit", junit, "writes them as JUnit XML too")->type_name("FILE.xml");
  return palimpsest::run_main(argc, argv, app, [&] {
    const auto checked = check(load_gates(gates), tier, read_table(results));
    if (!junit.empty()) {
      palimpsest::make_directory(junit.parent_path());
      palimpsest::write_file(junit, to_junit(checked));
    }
    if (!palimpsest::is_standard_output(junit)) fmt::print("{}", to_text(checked));
    return std::all_of(checked.begin(), checked.end(), [](const auto& r) { return r.problem.empty(); }) ? 0 : 1;
  });
}
