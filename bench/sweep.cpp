// Runs a declared sweep and keeps its results: see --help, bench/sweeps/*.toml and results/README.md.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <csignal>

#include "main.hpp"
#include "palimpsest/core/text.hpp"
#include "palimpsest/sweep/plan/declared.hpp"
#include "palimpsest/sweep/rows/row.hpp"
#include "palimpsest/sweep/run/command.hpp"
#include "palimpsest/sweep/run/interrupt.hpp"

namespace {

constexpr auto examples = R"(
Examples:
  sweep capacity --list
  sweep capacity --axis kernel=elu,dpfp:1 --axis S=20:100:40 --seeds 3 --threads 2 --out small.csv
  sweep my.toml --set model=table --set evaluation=published_2021 --out table.csv
  sweep capacity --quick
  sweep capacity --protocol published_2021 --out published.csv
  sweep capacity --dry-run --expected results/capacity/capacity.csv
  sweep capacity --shard 1/4 --out part1.csv
  sweep --from results/run/capacity.provenance.toml --out again.csv
The same command again continues an interrupted sweep.)";

int run_and_report(const palimpsest::sweep::Request& request) {
  const auto result = palimpsest::sweep::run(request);
  fmt::print("{}\n", result.line());
  if (result.summary.complete()) return 0;
  for (const auto& failed : result.summary.failed) fmt::print(stderr, "sweep: {}\n", failed);
  const int signal = palimpsest::sweep::received_signal();
  if (signal == 0) return 1;
  fmt::print(stderr, "sweep: {}: {} of {} points are in '{}'; the same command again continues there\n",
             signal == SIGINT ? "interrupted" : "told to end", result.summary.finished(), result.summary.points,
             result.out.native());
  return 128 + signal;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace palimpsest::sweep;
  Request request;
  request.declared_sweeps = declared_directory(PALIMPSEST_DATA_FROM_MAINS, PALIMPSEST_SOURCE_DIR "/bench") / "sweeps";
  bool list_only = false, schema_only = false, dry_run_only = false;
  CLI::App app("Trains and evaluates the points of a sweep, one CSV row each.", "sweep");
  app.footer(fmt::format("{}\nDeclared sweeps are those in {}", examples, request.declared_sweeps.native()));
  const auto many = [&](const char* name, std::vector<std::string>& texts, const char* help) {
    return app.add_option(name, texts, help)->allow_extra_args(false)->take_all();
  };
  auto* name = app.add_option("sweep", request.sweep, "name of a declared sweep, or path of a TOML file");
  auto* from = app.add_option("--from", request.from, "run again what this provenance file records")->excludes(name);
  app.add_option("--protocol", request.reading.protocol,
                 "how points are trained, where the sweep doesn't say: fast (the\ndefault), patient or published_2021")
      ->type_name("NAME");
  app.add_flag("--quick", request.reading.quick, "the sweep's small form, of minutes");
  many("--axis", request.axes, "narrow or replace an axis")->type_name("NAME=a:b:step|v1,v2");
  many("--set", request.sets, "fix a parameter wherever it applies")->type_name("NAME=VALUE");
  app.add_option("--seeds", request.seeds, "seeds 1..N of every point")->check(CLI::Range(1, 100000))->type_name("N");
  app.add_option(
         "--threads", request.threads,
         "points at a time (default: one per processor, as far as OMP_NUM_THREADS\nand the container's quota allow)")
      ->check(CLI::Range(1, 1024))
      ->type_name("N");
  app.add_option("--out", request.out, "results (default: results/run/NAME.csv, or NAME.quick.csv)")
      ->type_name("FILE.csv");
  app.add_option("--shard", request.shard, "run the i-th of n parts of about equal cost")->type_name("i/n");
  app.add_option("--save-model", request.save_model, "keep each point's parameters as .npy")->type_name("DIR");
  app.add_option("--save-curves", request.save_curves, "keep each point's evaluations during training as CSV")
      ->type_name("DIR");
  app.add_option("--save-episodes", request.save_episodes, "keep each point's final evaluation as .npy")
      ->type_name("DIR");
  app.add_option("--checkpoint-every", request.checkpoint_every,
                 "seconds between two checkpoints of a point in flight; 0: none (default: 60)")
      ->check(CLI::NonNegativeNumber)
      ->type_name("SECONDS");
  app.add_flag("--dry-run", dry_run_only, "say what would run, and how long it would take: measures for a second");
  many("--expected", request.expected, "for --dry-run: results that say how many steps points take")
      ->type_name("FILE.csv");
  app.add_flag("--list", list_only, "print the sweep's points and all components; run nothing");
  app.add_flag("--schema", schema_only, "print the columns of the results as Markdown");
  request.command_line = palimpsest::shell_command(argc, argv);
  return palimpsest::run_main(argc, argv, app, [&] {
    if (schema_only) {
      fmt::print("{}", schemas_markdown());
      return 0;
    }
    if (list_only) {
      fmt::print("{}", list(request));
      return 0;
    }
    if (!*name && !*from)
      throw palimpsest::ConfigurationError("which sweep? Give the name of a declared one (--help), a path or --from");
    if (!request.expected.empty() && !dry_run_only)
      throw palimpsest::ConfigurationError("--expected says what --dry-run is to expect: give both");
    if (dry_run_only) {
      fmt::print("{}", dry_run(request));
      return 0;
    }
    request.cancel = &cancel_on_signals();
    return run_and_report(request);
  });
}
