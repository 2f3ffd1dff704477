#include "palimpsest/sweep/rows/row_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "palimpsest/sweep/rows/csv.hpp"

namespace palimpsest::sweep {
namespace {

[[noreturn]] void fail(const std::filesystem::path& path, std::string_view what, int error) {
  throw OutputError(fmt::format("cannot {} '{}': {}", what, path.native(), std::strerror(error)));
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

}  // namespace

RowFile::RowFile(const std::filesystem::path& path, const Schema& schema, Access access, Flock flock)
    : schema_(schema), header_(schema.header() + "\n"), flock_(flock) {
  std::error_code error;
  path_ = std::filesystem::weakly_canonical(target_of(path), error);  // a symbolic link shall stay one
  if (error) fail(path, "open", error.value());
  open_and_lock(access);
  try {
    parse(read_all(descriptor_, path_));
  } catch (...) {
    ::close(descriptor_);
    throw;
  }
}

RowFile::~RowFile() { ::close(descriptor_); }

void RowFile::open_and_lock(Access access) {
  const bool reads = access == Access::read;
  for (;;) {
    descriptor_ =
        ::open(path_.c_str(), (reads ? O_RDONLY : O_RDWR | O_CREAT | O_APPEND) | O_CLOEXEC | O_NONBLOCK, 0666);
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

void RowFile::parse(const std::string& content) {
  auto records = csv_records(content);
  const bool begun = content.find('\n') == content.npos && header_.starts_with(content);
  if (records.empty() || begun) {  // new, or killed while the header was written
    torn_ = !content.empty();
    return;
  }
  check_header(records.front().fields);
  std::string own = header_;
  for (auto record = records.begin() + 1; record != records.end(); ++record) {
    const bool whole = record->fields && record->fields->size() == schema_.columns().size();
    if (!record->ended || (record + 1 == records.end() && !whole)) {
      torn_ = true;
      break;
    }
    auto fields = record->fields ? schema_.canonical(std::move(*record->fields)) : std::vector<std::string>();
    const auto problem = record->fields ? schema_.problem(fields) : "quotes don't match";
    if (!problem.empty()) throw ConfigurationError(fmt::format("{}:{}: {}", path_.native(), record->line, problem));
    rows_.push_back({record->line, fields, csv_line(fields)});
    own += rows_.back().text + '\n';
  }
  size_ = own.size();
  foreign_ = !content.starts_with(own);
}

void RowFile::check_header(const std::optional<std::vector<std::string>>& fields) const {
  const auto found = fields.value_or(std::vector<std::string>{"\""});
  const auto& expected = schema_.columns();
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
  if (foreign_) {
    std::vector<std::string> rows;
    for (const auto& row : rows_) rows.push_back(row.text);
    replace(rows);
  }
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
  const int replaced = std::exchange(descriptor_, replace_file(path_, content, flock_));
  ::close(replaced);
  size_ = content.size();
  foreign_ = false;
}

}  // namespace palimpsest::sweep
