// Joins the files of a sweep's shards: merge part1.csv part2.csv --out whole.csv
#include "palimpsest/sweep/rows/merge.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "main.hpp"
#include "palimpsest/core/text.hpp"

namespace {

int run(const palimpsest::sweep::MergeRequest& request) {
  const auto result = palimpsest::sweep::merge(request);
  const auto& missing = result.missing;
  if (missing.empty()) {
    if (!result.locked)
      fmt::print(stderr, "note: no lock on '{}', which its file system doesn't have\n", request.out.native());
    for (const auto& difference : result.differences) fmt::print(stderr, "note: the rows are of {}\n", difference);
    fmt::print("{} points; {}\n", result.points, request.out.native());
    return 0;
  }
  constexpr std::size_t most = 20;
  fmt::print(stderr, "merge: {} of {} points are missing, nothing is written:\n", missing.size(), result.points);
  for (std::size_t i = 0; i < std::min(most, missing.size()); ++i) fmt::print(stderr, "  {}\n", missing[i]);
  if (missing.size() > most) fmt::print(stderr, "  and {} more\n", missing.size() - most);
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  palimpsest::sweep::MergeRequest request;
  CLI::App app("Joins the results of a sweep's shards into what one process would have written.", "merge");
  app.add_option("files", request.files, "results of shards, each with its provenance beside it")->required();
  app.add_option("--out", request.out, "the joined results")->required()->type_name("FILE.csv");
  request.command_line = palimpsest::shell_command(argc, argv);
  return palimpsest::run_main(argc, argv, app, [&] { return run(request); });
}
