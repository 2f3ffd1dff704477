// Joins the results of a sweep's shards into what one process would have written.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace palimpsest::sweep {

struct MergeRequest {
  std::vector<std::filesystem::path> files;
  std::filesystem::path out;
  std::string command_line;  ///< for the record
};

struct MergeResult {
  std::size_t points = 0;
  std::vector<std::string> missing;      ///< points that no file has a row of; if any, nothing was written
  bool locked = true;                    ///< whether --out could be locked: its file system may have no locks
  std::vector<std::string> differences;  ///< of what the runs that made the rows have more than one
};

/// Each file's provenance says which sweep it is of. Writes rows, timings and provenance, each in the sweep's order.
/// Throws ConfigurationError if they aren't of the same sweep or two rows of a point differ, OutputError if a file
/// can't be read or written, or is being written by another process.
MergeResult merge(const MergeRequest& request);

}  // namespace palimpsest::sweep
