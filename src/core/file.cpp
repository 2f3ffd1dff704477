#include "palimpsest/core/file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "palimpsest/core/types.hpp"

namespace palimpsest {
namespace {

[[noreturn]] void fail(const std::filesystem::path& path, std::string_view what, int error) {
  throw OutputError(fmt::format("cannot {} '{}': {}", what, path.native(), std::strerror(error)));
}

bool same_file(const struct stat& a, const struct stat& b) { return a.st_dev == b.st_dev && a.st_ino == b.st_ino; }

void write_into(int descriptor, const std::filesystem::path& path, std::string_view content) {
  const int error = write_all(descriptor, content);
  if (error) fail(path, "write", error);
}

/// Whether this is what the stream writes to.
bool leads_to(const std::filesystem::path& path, std::FILE* stream) {
  struct stat named {
  }, own{};
  return ::stat(path.c_str(), &named) == 0 && ::fstat(::fileno(stream), &own) == 0 && same_file(named, own);
}

}  // namespace

std::string read_file(const std::filesystem::path& path) {
  const auto refuse = [&] {
    throw ConfigurationError(fmt::format("cannot read '{}': {}", path.native(), std::strerror(errno)));
  };
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (!file) refuse();
  std::string content;
  char block[1 << 16];
  while (const auto count = std::fread(block, 1, sizeof block, file)) content.append(block, count);
  const int error = std::ferror(file) ? errno : 0;
  std::fclose(file);
  errno = error;
  if (error) refuse();
  return content;
}

void write_file(const std::filesystem::path& path, std::string_view content) {
  struct stat there {
  }, target_there{};
  const bool exists = ::stat(path.c_str(), &there) == 0;
  if (!exists && errno != ENOENT) fail(path, "write", errno);
  for (auto* stream : {stdout, stderr}) {  // opened again, it would be written from its start
    if (!leads_to(path, stream)) continue;
    std::fflush(stream);
    return write_into(::fileno(stream), path, content);
  }
  const auto target = target_of(path);
  const bool found = ::stat(target.c_str(), &target_there) == 0 && same_file(target_there, there);
  if (!exists || (found && S_ISREG(there.st_mode))) {
    ::close(replace_file(target, content));
    return;
  }
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC | O_NOCTTY);
  if (descriptor < 0) fail(path, "write", errno);
  int error = write_all(descriptor, content);
  if (::close(descriptor) != 0 && !error) error = errno;
  if (error) fail(path, "write", error);
}

std::filesystem::path target_of(std::filesystem::path path) {
  constexpr int most_links = 40;  // as Linux has it
  std::error_code error;
  for (int i = 0; i < most_links && std::filesystem::is_symlink(path, error); ++i) {
    const auto next = std::filesystem::read_symlink(path, error);
    if (error) return path;
    path = next.is_absolute() ? next : path.parent_path() / next;
  }
  return path;
}

bool is_standard_output(const std::filesystem::path& path) { return leads_to(path, stdout); }

Lock lock(int descriptor, int how, Flock flock) {
  if (flock(descriptor, how | LOCK_NB) == 0) return Lock::held;
  if (errno == EWOULDBLOCK) return Lock::busy;
  return errno == ENOLCK || errno == ENOSYS || errno == EOPNOTSUPP ? Lock::unsupported : Lock::failed;
}

int replace_file(const std::filesystem::path& path, std::string_view content, Flock flock) {
  auto beside = path;
  beside += ".tmp";
  struct stat old {};
  const mode_t mode = ::stat(path.c_str(), &old) == 0 ? old.st_mode & 0777 : 0666;
  const int descriptor = ::open(beside.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, mode);
  if (descriptor < 0) fail(beside, "write", errno);
  const auto give_up = [&](const std::filesystem::path& file, std::string_view what, int error) {
    ::unlink(beside.c_str());
    ::close(descriptor);
    fail(file, what, error);
  };
  const auto locked = lock(descriptor, LOCK_EX, flock);
  struct stat opened {
  }, named{};
  const bool moved =
      ::fstat(descriptor, &opened) != 0 || ::stat(beside.c_str(), &named) != 0 || !same_file(opened, named);
  if (locked == Lock::busy || moved) {  // it is the other writer's, or is in its place already
    ::close(descriptor);
    throw OutputError(fmt::format("'{}' is being written by another process", path.native()));
  }
  int error = ::ftruncate(descriptor, 0) == 0 ? write_all(descriptor, content) : errno;
  if (!error && ::fsync(descriptor) != 0) error = errno;
  if (error) give_up(beside, "write", error);
  if (::rename(beside.c_str(), path.c_str()) != 0) give_up(path, "replace", errno);
  return descriptor;
}

int write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

void make_directory(const std::filesystem::path& directory) {
  std::error_code error;
  if (!directory.empty()) std::filesystem::create_directories(directory, error);
  if (error) fail(directory, "make the directory", error.value());
}

}  // namespace palimpsest
