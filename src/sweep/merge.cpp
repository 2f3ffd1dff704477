#include "palimpsest/sweep/merge.hpp"

#include <fmt/format.h>

#include "palimpsest/sweep/collection.hpp"
#include "palimpsest/sweep/provenance.hpp"

namespace palimpsest::sweep {
namespace {

Specification common_specification(const std::vector<std::filesystem::path>& files) {
  if (files.empty()) throw ConfigurationError("no files to merge");
  auto first = load_specification(provenance_path(files.front()));
  for (const auto& file : files)
    if (load_specification(provenance_path(file)).groups != first.groups)
      throw ConfigurationError(fmt::format("'{}' and '{}' are not of the same sweep: compare '{}' and '{}'",
                                           files.front().native(), file.native(),
                                           provenance_path(files.front()).native(), provenance_path(file).native()));
  return first;
}

void add(const std::filesystem::path& file, Collection& collection) {
  collection.add_values(RowFile(file, values_schema(), Access::read));
  if (std::filesystem::exists(timings_path(file)))
    collection.add_timings(RowFile(timings_path(file), timings_schema(), Access::read));
}

}  // namespace

MergeResult merge(const MergeRequest& request) {
  for (const auto& file : request.files)
    if (std::filesystem::exists(request.out) && std::filesystem::equivalent(file, request.out))
      throw ConfigurationError(fmt::format("--out '{}' is one of the files to merge", request.out.native()));
  const auto specification = common_specification(request.files);
  const auto points = plan(specification);
  Collection collection(points);
  for (const auto& file : request.files) add(file, collection);
  if (std::filesystem::exists(request.out)) add(request.out, collection);  // refuses to overwrite anything else
  MergeResult result{points.size(), {}};
  for (const auto i : collection.missing()) result.missing.push_back(short_name(points[i].key));
  if (!result.missing.empty()) return result;

  make_directory(request.out.parent_path());
  RowFile values(request.out, values_schema(), Access::write);
  RowFile timings(timings_path(request.out), timings_schema(), Access::write);
  Provenance provenance(specification, request.command_line, "", 1);
  for (const auto& file : request.files) provenance.add_runs(provenance_path(file));
  provenance.begin(provenance_path(request.out), true);
  timings.replace(collection.timings());
  values.replace(collection.values());
  provenance.end(points.size());
  return result;
}

}  // namespace palimpsest::sweep
