#include "palimpsest/sweep/rows/merge.hpp"

#include <fmt/format.h>

#include <list>

#include "palimpsest/sweep/plan/planner.hpp"
#include "palimpsest/sweep/rows/collection.hpp"
#include "palimpsest/sweep/rows/provenance.hpp"

namespace palimpsest::sweep {
namespace {

Specification common_specification(const std::vector<std::filesystem::path>& files) {
  if (files.empty()) throw ConfigurationError("no files to merge");
  auto first = load_specification(provenance_path(files.front()));
  for (const auto& file : files)
    if (const auto other = load_specification(provenance_path(file));
        other.groups != first.groups || other.search != first.search)
      throw ConfigurationError(fmt::format("'{}' and '{}' are not of the same sweep: compare '{}' and '{}'",
                                           files.front().native(), file.native(),
                                           provenance_path(files.front()).native(), provenance_path(file).native()));
  return first;
}

void add(const std::filesystem::path& file, const RowFile& values, const Specification& specification,
         Collection& collection) {
  collection.add_values(values);
  if (std::filesystem::exists(timings_path(file)))
    collection.add_timings(RowFile(timings_path(file), timings_schema(family_of(specification)), Access::read));
}

}  // namespace

MergeResult merge(const MergeRequest& request) {
  require_csv(request.out);
  for (const auto& file : request.files)
    if (std::filesystem::exists(request.out) && std::filesystem::equivalent(file, request.out))
      throw ConfigurationError(fmt::format("--out '{}' is one of the files to merge", request.out.native()));
  const auto specification = common_specification(request.files);
  auto sources = request.files;
  if (std::filesystem::exists(request.out)) sources.push_back(request.out);  // refuses to overwrite anything else
  const auto family = family_of(specification);
  std::list<RowFile> values_of;
  std::vector<RowFile::Row> rows;
  for (const auto& file : sources) {
    const auto& part = values_of.emplace_back(file, values_schema(family), Access::read).rows();
    rows.insert(rows.end(), part.begin(), part.end());
  }
  const auto points = make_planner(specification)(rows);
  Collection collection(points);
  for (auto file = sources.begin(); const auto& part : values_of) add(*file++, part, specification, collection);
  values_of.clear();  // and their locks
  MergeResult result{points.size(), {}, true, {}};
  for (const auto i : collection.missing()) result.missing.push_back(short_name(points[i].key));
  if (!result.missing.empty()) return result;

  make_directory(request.out.parent_path());
  RowFile values(request.out, values_schema(family), Access::write);
  RowFile timings(timings_path(request.out), timings_schema(family), Access::write);
  result.locked = values.locked();
  Provenance provenance(specification, request.command_line, "", 0);
  for (const auto& file : request.files) provenance.add_runs(provenance_path(file));
  result.differences = provenance.begin(provenance_path(request.out), true);
  timings.replace(collection.timings());
  values.replace(collection.values());
  provenance.end(points.size());
  return result;
}

}  // namespace palimpsest::sweep
