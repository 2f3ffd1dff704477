// How much each memory of a sweep holds: capacity results.csv --out capacity.csv
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "main.hpp"
#include "palimpsest/core/file.hpp"
#include "palimpsest/sweep/judge/capacity_estimate.hpp"
#include "palimpsest/sweep/judge/capacity_table.hpp"

namespace {

constexpr auto examples = R"(
Examples:
  capacity results/run/projection.csv --out results/run/projection.capacity.csv
  capacity results/capacity/capacity.csv
  capacity results/run/memories.csv --criterion 'final_loss <= 0.001' --markdown
  capacity small.csv --criterion 'final_loss <= 0.01' --criterion 'accuracy >= 0.9'
A grid of S gives the capacity to its step; a sweep with a [search] brackets it. The 95 % interval of the mean over seeds
goes from the lower end of the capacity to the upper end of the next size, which failed (Student's t, with the step between
the two as a spread of its own); it is open above where a seed never failed. Where seeds are bimodal, which the output says,
no interval of a few seeds is right.
Beside FILE.csv, FILE.timings.csv says what a step costs (shown, never written to --out), and FILE.provenance.toml which
rows a search ran beyond the capacity that it had found: those tell the loss there and don't move the capacity.)";

}  // namespace

int main(int argc, char** argv) {
  using namespace palimpsest::sweep;
  std::filesystem::path results, out;
  std::vector<std::string> texts;
  bool schema = false, as_markdown = false;
  CLI::App app("Estimates capacities from the results of a sweep, with intervals over seeds and theoretical limits.",
               "capacity");
  app.footer(examples);
  app.add_option("results", results, "results of a sweep")->type_name("FILE.csv");
  app.add_option("--out", out, "writes one row a curve and criterion (default: only the table on stdout)")
      ->type_name("FILE.csv");
  app.add_option("--criterion", texts,
                 "when a point counts as stored (default: final_loss <= 0.001, accuracy >= 0.99 and accuracy >= 0.5)")
      ->allow_extra_args(false)
      ->take_all()
      ->type_name("'COLUMN <=|>= X'");
  app.add_flag("--markdown", as_markdown, "print the table as Markdown, with a column each for what is asked most");
  app.add_flag("--schema", schema, "print the columns as Markdown");
  return palimpsest::run_main(argc, argv, app, [&] {
    if (schema) {
      fmt::print("{}", capacity_schema());
      return 0;
    }
    if (results.empty()) throw palimpsest::ConfigurationError("of which results? Give a FILE.csv (--help)");
    std::vector<Criterion> criteria;
    for (const auto& text : texts) criteria.push_back(parse_criterion(text));
    const auto estimates =
        estimate_capacity(read_table(results), criteria.empty() ? default_criteria() : criteria, read_beside(results));
    if (!out.empty()) {
      std::error_code error;
      if (std::filesystem::equivalent(results, out, error))
        throw palimpsest::ConfigurationError(fmt::format("--out '{}' is the results file itself", out.native()));
      palimpsest::make_directory(out.parent_path());
      palimpsest::write_file(out, to_csv(estimates));
    }
    if (!palimpsest::is_standard_output(out))
      fmt::print("{}", as_markdown ? to_markdown(estimates) : to_text(estimates));
    return 0;
  });
}
