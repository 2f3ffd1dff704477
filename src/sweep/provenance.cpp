#include "palimpsest/sweep/provenance.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <set>
#include <sstream>

#include "palimpsest/sweep/row_file.hpp"
#include "palimpsest/sweep/toml_text.hpp"

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

/// The value of `revision = "…"` in a [[run]].
std::string revision_of(const std::string& run) {
  constexpr std::string_view key = "\nrevision = \"";
  const auto from = run.find(key);
  return from == run.npos ? "unknown"
                          : run.substr(from + key.size(), run.find('"', from + key.size()) - from - key.size());
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
  run_ += fmt::format("threads = {}\n", threads);
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

std::string Provenance::begin(const std::filesystem::path& path, bool continued) {
  path_ = path;
  std::error_code error;
  if (continued && std::filesystem::exists(path, error)) add_runs(path);
  run_ += fmt::format("start = {}\n", utc_time());
  write();
  std::set<std::string> others;
  for (const auto& run : earlier_) others.insert(revision_of(run));
  others.erase(build_info().revision);
  return fmt::format("{}", fmt::join(others, ", "));
}

void Provenance::end(std::size_t rows) {
  run_ += fmt::format("end = {}\nrows = {}\n", utc_time(), rows);
  write();
}

void Provenance::write() const {
  write_file(path_, fmt::format("{}{}{}{}", first_line, specification_, fmt::join(earlier_, ""), run_));
}

}  // namespace palimpsest::sweep
