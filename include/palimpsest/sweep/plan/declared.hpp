// Where the sweeps and gates are that come with the programs: `sweeps/NAME.toml` and `gates.toml` of one directory.
#pragma once

#include <filesystem>

namespace palimpsest::sweep {

/// That directory for the running program: `installed`, a path from the program's own directory, or `source` where there
/// is no such directory, as in a build tree.
std::filesystem::path declared_directory(const std::filesystem::path& installed, const std::filesystem::path& source);

}  // namespace palimpsest::sweep
