#include "palimpsest/sweep/run/command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <variant>

#include "palimpsest/sweep/plan/prediction.hpp"
#include "palimpsest/sweep/rows/collection.hpp"
#include "palimpsest/sweep/rows/provenance.hpp"
#include "palimpsest/sweep/rows/row_file.hpp"
#include "palimpsest/sweep/rows/slices.hpp"
#include "palimpsest/sweep/run/processors.hpp"
#include "palimpsest/sweep/run/progress.hpp"
#include "palimpsest/train/components.hpp"
#include "palimpsest/train/parts.hpp"

namespace palimpsest::sweep {
namespace {

std::filesystem::path output_path(const Request& request, const Specification& specification, Shard shard) {
  if (!request.out.empty()) return request.out;
  const auto part = shard.count > 1 ? fmt::format(".{}-of-{}", shard.index, shard.count) : "";
  const auto quick = request.reading.quick ? ".quick" : "";
  return std::filesystem::path("results") / "run" / fmt::format("{}{}{}.csv", specification.name, quick, part);
}

Shard shard_of(const Request& request) { return request.shard.empty() ? Shard{} : parse_shard(request.shard); }

int threads_of(const Request& request) { return request.threads > 0 ? request.threads : default_threads(); }

std::string list_points(const Specification& specification) {
  const auto noun = specification.search ? "searches" : "points";
  std::string text = fmt::format("{}: {} {}", specification.name, plan(specification).size(), noun);
  if (specification.search) text += fmt::format(" (a curve and seed each): {}", describe(*specification.search));
  if (!specification.description.empty()) text += fmt::format(". {}", specification.description);
  text += '\n';
  for (const auto& group : specification.groups)
    text += fmt::format("  {:4} {}: {}\n", plan({"", "", {group}, specification.search}).size(), noun, describe(group));
  return text + '\n';
}

std::string list_components() {
  std::string text;
  for (const auto& [kind, descriptions] : components()) {
    std::size_t width = 0;
    for (const auto& component : descriptions) width = std::max(width, component.usage.size());
    text += fmt::format("{}\n", kind);
    for (const auto& component : descriptions)
      text += fmt::format("  {:{}}  {}\n", component.usage, width, component.summary);
  }
  return text;
}

}  // namespace

std::string Result::line() const {
  const auto failed = summary.failed.empty() ? "" : fmt::format(", {} failed", summary.failed.size());
  return fmt::format("{} points: {} ok, {} diverged, {} skipped{}; {}; {}", summary.points, summary.ok,
                     summary.diverged, summary.skipped, failed, clock_text(summary.seconds), out.native());
}

Specification specify(const Request& request) {
  std::vector<Override> overrides;
  for (const auto& text : request.axes) overrides.push_back(parse_override(Override::axis, text));
  for (const auto& text : request.sets) overrides.push_back(parse_override(Override::set, text));
  if (request.seeds != 0)
    overrides.push_back(parse_override(Override::axis, fmt::format("seed=1:{}:1", request.seeds)));
  auto reading = request.reading;
  for (const auto& override : overrides)
    if (override.parameter->name == "task") reading.task = override.values.front();
  auto specification = load_specification(
      request.from.empty() ? find_sweep(request.sweep, request.declared_sweeps) : request.from, reading);
  apply(std::move(overrides), specification);
  return specification;
}

std::string list(const Request& request) {
  if (request.sweep.empty() && request.from.empty()) return list_components();
  const auto specification = specify(request);
  if (specification.search) searched_curves(specification, shard_of(request));  // says what it can't do
  return list_points(specification) + list_components();
}

std::string show_episodes(const Request& request, long episodes) {
  const auto points = plan(specify(request));
  const auto& configuration = points.front().configuration;
  if (!of_tokens(configuration))
    throw ConfigurationError(fmt::format("--show-episodes: the task {} deals no tokens", configuration.task));
  const auto members = make_token_tasks(configuration, false);
  const auto* corpus = std::get_if<Text>(&members.front().task);
  std::string text;
  TokenSequence sequence;
  for (long i = 0; i < episodes; ++i) {
    if (corpus && corpus->carries_state())
      corpus->deal_stream(*corpus->data(), configuration.seed, i % configuration.batch, configuration.batch,
                          i / configuration.batch, sequence);
    else
      deal_training(members, configuration.seed, static_cast<std::uint64_t>(i), sequence);
    text += to_text(members.front(), sequence) + '\n';
  }
  return text;
}

std::string dry_run(const Request& request) {
  const auto specification = specify(request);
  const auto shard = shard_of(request);
  const auto out = output_path(request, specification, shard);
  require_csv(out);
  std::error_code error;
  std::vector<RowFile::Row> there, known;
  const auto read = [&](const std::filesystem::path& path, std::vector<RowFile::Row>& rows) {
    const RowFile file(path, values_schema(family_of(specification)), Access::read);
    rows.insert(rows.end(), file.rows().begin(), file.rows().end());
  };
  if (std::filesystem::exists(out, error)) read(out, there);
  for (const auto& path : request.expected) read(path, known);
  known.insert(known.end(), there.begin(), there.end());
  const bool searches = specification.search.has_value();
  return fmt::format("{}: {}results   {}\n", specification.name,
                     describe(predict(specification, shard, there, known), searches, threads_of(request)),
                     out.native());
}

Result run(const Request& request) {
  const auto specification = specify(request);
  const auto shard = shard_of(request);
  const auto planner = make_planner(specification, shard);
  RunnerOptions options;
  options.out = output_path(request, specification, shard);
  options.threads = threads_of(request);
  options.save_model = request.save_model;
  options.save_curves = request.save_curves;
  options.save_episodes = request.save_episodes;
  options.checkpoint_every = request.checkpoint_every;
  options.cancel = request.cancel;
  options.searches = specification.search.has_value();
  options.family = family_of(specification);
  require_csv(options.out);
  for (const auto& point : planner({})) require_data(point.configuration);
  Provenance provenance(specification, request.command_line, request.shard, options.threads);
  options.provenance = &provenance;
  make_directory(options.out.parent_path());
  Result result{run(planner, options), options.out};
  write_slices(options.out, options.family);
  return result;
}

}  // namespace palimpsest::sweep
