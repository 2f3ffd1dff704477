#include "palimpsest/sweep/rows/provenance.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <sstream>

#include "palimpsest/core/file.hpp"
#include "palimpsest/sweep/plan/toml_text.hpp"

#if __has_include("palimpsest_build_info.hpp")
#include "palimpsest_build_info.hpp"
#else
#define PALIMPSEST_VERSION "unknown"
#define PALIMPSEST_REVISION "unknown"
#define PALIMPSEST_COMPILER "unknown"
#define PALIMPSEST_FLAGS "unknown"
#endif

namespace palimpsest::sweep {
namespace {

constexpr std::string_view first_line = "# What made the results beside this file; `sweep --from` runs it again.\n";
constexpr std::string_view run_heading = "\n[[run]]\n";

/// What may change a result's last digits.
constexpr std::array made_by = {"version", "revision", "compiler", "flags", "cpu"};

/// Of a [[run]] that made no rows.
constexpr std::string_view merging = "\nmerges = true\n";

/// The value of `key = "…"` in a [[run]], as it is written.
std::string value_of(const std::string& run, std::string_view key) {
  const auto start = fmt::format("\n{} = \"", key);
  const auto found = run.find(start);
  if (found == run.npos) return "unknown";
  auto end = found + start.size();
  while (end < run.size() && run[end] != '"') end += run[end] == '\\' ? 2 : 1;
  return run.substr(found + start.size(), end - found - start.size());
}

}  // namespace

BuildInfo build_info() { return {PALIMPSEST_VERSION, PALIMPSEST_REVISION, PALIMPSEST_COMPILER, PALIMPSEST_FLAGS}; }

std::string cpu_model() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (const auto colon = line.find(": "); line.starts_with("model name") && colon != line.npos)
      return line.substr(colon + 2);
  return "unknown";
}

std::string utc_time() { return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::now())); }

Provenance::Provenance(const Specification& specification, const std::string& command, const std::string& shard,
                       int threads)
    : specification_(to_toml(specification)) {
  const auto build = build_info();
  run_ = run_heading;
  run_ += fmt::format("command = {}\n", toml_string(command));
  if (!shard.empty()) run_ += fmt::format("shard = {}\n", toml_string(shard));
  run_ += threads > 0 ? fmt::format("threads = {}\n", threads) : std::string(merging.substr(1));
  run_ += fmt::format("version = {}\n", toml_string(build.version));
  run_ += fmt::format("revision = {}\n", toml_string(build.revision));
  run_ += fmt::format("compiler = {}\n", toml_string(build.compiler));
  run_ += fmt::format("flags = {}\n", toml_string(build.flags));
  run_ += fmt::format("cpu = {}\n", toml_string(cpu_model()));
}

void Provenance::add_runs(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  if (!file || !(text << file.rdbuf())) throw OutputError(fmt::format("cannot read '{}'", path.native()));
  const auto content = text.str();
  if (!content.starts_with(first_line))
    throw ConfigurationError(fmt::format("'{}' is no provenance file of a sweep; give another --out", path.native()));
  for (auto at = content.find(run_heading); at != content.npos;) {
    const auto next = content.find(run_heading, at + 1);
    auto run = content.substr(at, next - at);
    if (std::find(earlier_.begin(), earlier_.end(), run) == earlier_.end()) earlier_.push_back(std::move(run));
    at = next;
  }
}

std::vector<std::string> Provenance::begin(const std::filesystem::path& path, bool continued) {
  path_ = path;
  std::error_code error;
  if (continued && std::filesystem::exists(path, error)) add_runs(path);
  run_ += fmt::format("start = {}\n", utc_time());
  write();
  return differences();
}

std::vector<std::string> Provenance::differences() const {
  auto runs = earlier_;
  runs.push_back(run_);
  std::erase_if(runs, [](const std::string& run) { return run.find(merging) != run.npos; });
  std::vector<std::string> all;
  for (const auto* key : made_by) {
    std::vector<std::string> values;
    for (const auto& run : runs)
      if (auto value = value_of(run, key); std::find(values.begin(), values.end(), value) == values.end())
        values.push_back(std::move(value));
    if (values.size() > 1) all.push_back(fmt::format("more than one {}: '{}'", key, fmt::join(values, "', '")));
  }
  return all;
}

void Provenance::end(std::size_t rows) {
  run_ += fmt::format("end = {}\nrows = {}\n", utc_time(), rows);
  write();
}

void Provenance::write() const {
  write_file(path_, fmt::format("{}{}{}{}", first_line, specification_, fmt::join(earlier_, ""), run_));
}

}  // namespace palimpsest::sweep
