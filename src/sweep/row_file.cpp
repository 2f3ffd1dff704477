#include "palimpsest/sweep/row_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "palimpsest/sweep/csv.hpp"

namespace palimpsest::sweep {
namespace {

[[noreturn]] void fail(const std::filesystem::path& path, std::string_view what, int error) {
  throw OutputError(fmt::format("cannot {} '{}': {}", what, path.native(), std::strerror(error)));
}

/// 0, or errno.
int write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

std::string read_all(int descriptor, const std::filesystem::path& path) {
  std::string content;
  for (char block[1 << 16];;) {
    const auto count = ::pread(descriptor, block, sizeof block, static_cast<off_t>(content.size()));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail(path, "read", errno);
    if (count == 0) return content;
    content.append(block, static_cast<std::size_t>(count));
  }
}

struct NewFile {
  std::filesystem::path path;
  int descriptor;
};

/// The content in `path.tmp`, on disk, locked if that is possible there.
NewFile write_beside(const std::filesystem::path& path, const std::string& content, Flock flock = ::flock) {
  NewFile file{path, -1};
  file.path += ".tmp";
  struct stat old {};
  const mode_t mode = ::stat(path.c_str(), &old) == 0 ? old.st_mode & 0777 : 0666;
  file.descriptor = ::open(file.path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW, mode);
  if (file.descriptor < 0) fail(file.path, "write", errno);
  const auto locked = lock(file.descriptor, LOCK_EX, flock);
  int error = locked == Lock::held || locked == Lock::unsupported ? 0 : errno;
  if (!error) error = write_all(file.descriptor, content);
  if (!error && ::fsync(file.descriptor) != 0) error = errno;
  if (error) {
    ::unlink(file.path.c_str());
    ::close(file.descriptor);
    fail(file.path, "write", error);
  }
  return file;
}

/// The descriptor of what is now `path`.
int move_over(const NewFile& file, const std::filesystem::path& path) {
  if (::rename(file.path.c_str(), path.c_str()) == 0) return file.descriptor;
  const int error = errno;
  ::unlink(file.path.c_str());
  ::close(file.descriptor);
  fail(path, "replace", error);
}

}  // namespace

Lock lock(int descriptor, int how, Flock flock) {
  if (flock(descriptor, how | LOCK_NB) == 0) return Lock::held;
  if (errno == EWOULDBLOCK) return Lock::busy;
  return errno == ENOLCK || errno == ENOSYS || errno == EOPNOTSUPP ? Lock::unsupported : Lock::failed;
}

RowFile::RowFile(const std::filesystem::path& path, const Schema& schema, Access access, Flock flock)
    : header_(schema.header() + "\n"), flock_(flock) {
  std::error_code error;
  path_ = std::filesystem::weakly_canonical(path, error);  // a symbolic link shall stay one
  if (error) fail(path, "open", error.value());
  open_and_lock(access);
  try {
    parse(read_all(descriptor_, path_), schema);
  } catch (...) {
    ::close(descriptor_);
    throw;
  }
}

RowFile::~RowFile() { ::close(descriptor_); }

void RowFile::open_and_lock(Access access) {
  const bool reads = access == Access::read;
  for (;;) {
    descriptor_ = ::open(path_.c_str(), (reads ? O_RDONLY : O_RDWR | O_CREAT | O_APPEND) | O_CLOEXEC, 0666);
    if (descriptor_ < 0) fail(path_, reads ? "read" : "write", errno);
    struct stat opened {
    }, named{};
    const bool regular = ::fstat(descriptor_, &opened) == 0 && S_ISREG(opened.st_mode);
    const auto taken = regular ? lock(descriptor_, reads ? LOCK_SH : LOCK_EX, flock_) : Lock::failed;
    locked_ = taken == Lock::held;
    if (!locked_ && taken != Lock::unsupported) {
      const int error = errno;
      ::close(descriptor_);
      if (!regular) throw OutputError(fmt::format("cannot use '{}': it is no regular file", path_.native()));
      if (taken == Lock::failed) fail(path_, "lock", error);
      throw OutputError(fmt::format("'{}' is being written by another process", path_.native()));
    }
    // replace() of the last holder may have put another file in this place before the lock was ours.
    if (::stat(path_.c_str(), &named) == 0 && named.st_ino == opened.st_ino && named.st_dev == opened.st_dev) return;
    ::close(descriptor_);
  }
}

void RowFile::parse(const std::string& content, const Schema& schema) {
  const auto end = content.find('\n');
  if (end == content.npos && header_.starts_with(content)) {  // new, or killed while the header was written
    torn_ = !content.empty();
    return;
  }
  check_header(content.substr(0, end), schema);
  size_ = end + 1;
  for (std::size_t line = 2; size_ < content.size(); ++line) {
    const auto next = content.find('\n', size_);
    auto text = content.substr(size_, next - size_);
    auto fields = csv_fields(text);
    const bool last = next == content.npos || next + 1 == content.size();
    const bool whole = fields && fields->size() == schema.columns().size();
    if (next == content.npos || (last && !whole)) {
      torn_ = true;
      return;
    }
    const auto problem = fields ? schema.problem(*fields) : "quotes don't match";
    if (!problem.empty()) throw ConfigurationError(fmt::format("{}:{}: {}", path_.native(), line, problem));
    rows_.push_back({line, std::move(*fields), std::move(text)});
    size_ = next + 1;
  }
}

void RowFile::check_header(const std::string& line, const Schema& schema) const {
  const auto found = csv_fields(line).value_or(std::vector<std::string>{line});
  const auto& expected = schema.columns();
  for (std::size_t i = 0; i < std::max(found.size(), expected.size()); ++i) {
    const auto theirs = i < found.size() ? fmt::format("'{}'", found[i].substr(0, 40)) : "missing";
    const auto ours = i < expected.size() ? fmt::format("'{}'", expected[i].name) : "none";
    if (theirs != ours)
      throw ConfigurationError(fmt::format(
          "'{}' holds something else: its column {} is {}, where this version writes {}; give another --out",
          path_.native(), i + 1, theirs, ours));
  }
}

void RowFile::start() {
  if (::ftruncate(descriptor_, static_cast<off_t>(size_)) != 0) fail(path_, "write", errno);
  if (size_ == 0) write_line(header_.substr(0, header_.size() - 1));
}

void RowFile::append(const std::string& row) {
  write_line(row);
  rows_.push_back({rows_.size() + 2, csv_fields(row).value(), row});
}

void RowFile::write_line(const std::string& row) {
  const int error = write_all(descriptor_, row + "\n");
  if (error) {
    // If even this fails, the next run finds a torn line.
    [[maybe_unused]] const int cut = ::ftruncate(descriptor_, static_cast<off_t>(size_));
    fail(path_, "write", error);
  }
  size_ += row.size() + 1;
}

void RowFile::replace(const std::vector<std::string>& rows) {
  std::string content = header_;
  for (const auto& row : rows) content += row + "\n";
  if (content == read_all(descriptor_, path_)) return;
  const int replaced = std::exchange(descriptor_, move_over(write_beside(path_, content, flock_), path_));
  ::close(replaced);
  size_ = content.size();
}

void write_atomically(const std::filesystem::path& path, const std::string& content) {
  ::close(move_over(write_beside(path, content), path));
}

void make_directory(const std::filesystem::path& directory) {
  std::error_code error;
  if (!directory.empty()) std::filesystem::create_directories(directory, error);
  if (error) fail(directory, "make the directory", error.value());
}

}  // namespace palimpsest::sweep
