// What made a results file, beside it as FILE.provenance.toml: the resolved sweep, in the form of a declared one (so
// that it can be run again as it is), and one [[run]] for each time that a process worked on the file.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "palimpsest/sweep/plan/specification.hpp"

namespace palimpsest::sweep {

/// How this program was built; `unknown` where the build didn't say.
struct BuildInfo {
  std::string version, revision, compiler, flags;
};
BuildInfo build_info();

/// The processor's name, from /proc/cpuinfo.
std::string cpu_model();

/// Now, as `2024-05-31T23:59:59Z`.
std::string utc_time();

class Provenance {
 public:
  /// `command` is the command line, `shard` is `i/n` or empty. No threads: it merges, and makes no rows of its own.
  Provenance(const Specification& specification, const std::string& command, const std::string& shard, int threads);

  /// Takes over the runs that another provenance file holds. Throws as begin() does.
  void add_runs(const std::filesystem::path& path);
  /// Writes the file: the earlier runs that it holds, if these results are continued, and this one, begun. The holder
  /// of the results' lock calls it. Says of what the runs that make the rows have more than one: version, revision,
  /// compiler, flags, processor. Throws OutputError, and ConfigurationError if the file there isn't one of these.
  std::vector<std::string> begin(const std::filesystem::path& path, bool continued);
  /// Writes it again with the end of this run and the number of rows that there are now.
  void end(std::size_t rows);

 private:
  void write() const;
  std::vector<std::string> differences() const;

  std::string specification_, run_;
  std::filesystem::path path_;
  std::vector<std::string> earlier_;  ///< [[run]] tables, as text, each once
};

}  // namespace palimpsest::sweep
