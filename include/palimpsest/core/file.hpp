// Whole files: read, and written through links and into streams.
#pragma once

#include <sys/file.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

namespace palimpsest {

/// A file can't be opened, locked or written. What it held before stays.
class OutputError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// All that a file or stream holds. Throws ConfigurationError with the reason if it can't be read.
std::string read_file(const std::filesystem::path& path);

/// Makes the content what `path` leads to, through symbolic links, which stay, also those that lead nowhere yet. A regular
/// file is replaced at once, or left as it was; into anything else (a pipe, a device, this program's own output) it is
/// written as it is. Throws OutputError.
void write_file(const std::filesystem::path& path, std::string_view content);

enum class Lock { held, busy, unsupported, failed };

/// What is called to lock a file: flock, or something in its place.
using Flock = int (*)(int descriptor, int operation);

/// Tries to lock the file, LOCK_SH or LOCK_EX. Some network and user-space file systems have no locks: `unsupported`.
/// Of `failed`, errno says why.
Lock lock(int descriptor, int how, Flock flock = ::flock);

/// The same for a regular file that no link leads to. Gives its descriptor, open, and locked if that is possible there.
int replace_file(const std::filesystem::path& path, std::string_view content, Flock flock = ::flock);

/// Where the symbolic links of a path lead, whether there is a file or not.
std::filesystem::path target_of(std::filesystem::path path);

/// Whether write_file would write to this program's stdout, where what it says to people had better not follow.
bool is_standard_output(const std::filesystem::path& path);

/// Writes all of it; 0, or errno.
int write_all(int descriptor, std::string_view text);

/// Makes the directory and those above it. Throws OutputError.
void make_directory(const std::filesystem::path& directory);

}  // namespace palimpsest
