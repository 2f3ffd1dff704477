#include "palimpsest/sweep/run/checkpoint.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "palimpsest/core/file.hpp"
#include "palimpsest/core/text.hpp"
#include "palimpsest/sweep/rows/collection.hpp"
#include "palimpsest/sweep/rows/provenance.hpp"

namespace palimpsest::sweep {
namespace {

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream content;
  content << file.rdbuf();
  return content.str();
}

/// A training state means nothing to a program that was built otherwise, and another kind of processor may round
/// otherwise. The revision would not tell two builds of changed sources apart; the program's own bytes do.
const std::string& this_writer() {
  static const auto writer = fmt::format("{:016x} on {}", fnv1a(content_of("/proc/self/exe")), cpu_model());
  return writer;
}

std::string header(const Key& key) {
  return fmt::format("palimpsest checkpoint 1\nwritten by {}\npoint {}\n", this_writer(), describe(key));
}

}  // namespace

std::filesystem::path checkpoints_path(const std::filesystem::path& values) {
  return with_ending(values, ".checkpoints");
}

CheckpointDirectory::CheckpointDirectory(std::filesystem::path directory) : directory_(std::move(directory)) {}

std::filesystem::path CheckpointDirectory::file(const Key& key) const {
  return directory_ / fmt::format("{:016x}", fnv1a(describe(key)));  // short_name may be too long for a file
}

CheckpointDirectory::Loaded CheckpointDirectory::load(const Key& key) const {
  const auto path = file(key);
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return {};
  const auto ignored = [&](std::string_view why) {
    return Loaded{"", fmt::format("note: ignored the checkpoint '{}': {}", path.native(), why)};
  };
  const auto content = content_of(path);
  const auto expected = header(key);
  if (!content.starts_with(expected)) return ignored("it is of another point, program or processor");
  const auto end = content.find('\n', expected.size());
  auto state = end == content.npos ? "" : content.substr(end + 1);
  if (content.substr(expected.size(), end - expected.size()) != fmt::format("checksum {:016x}", fnv1a(state)))
    return ignored("it is damaged");
  return {std::move(state), ""};
}

void CheckpointDirectory::save(const Key& key, const std::string& state) const {
  make_directory(directory_);
  write_file(file(key), fmt::format("{}checksum {:016x}\n{}", header(key), fnv1a(state), state));
}

void CheckpointDirectory::remove(const Key& key) const noexcept {
  std::error_code ignored;
  auto path = file(key);
  std::filesystem::remove(path, ignored);
  std::filesystem::remove(path += ".tmp", ignored);  // of a process that was killed while it wrote
  std::filesystem::remove(note(key), ignored);
  remove_if_empty();
}

std::size_t CheckpointDirectory::attempts(const Key& key) const noexcept {
  std::error_code error;
  const auto size = std::filesystem::file_size(note(key), error);
  return error ? 0 : size;
}

void CheckpointDirectory::start(const Key& key) const noexcept {
  std::error_code ignored;
  std::filesystem::create_directories(directory_, ignored);
  std::ofstream(note(key), std::ios::app) << '.';
}

void CheckpointDirectory::give_up(const Key& key) const noexcept {
  std::error_code ignored;
  const auto before = attempts(key);
  if (before > 1)
    std::filesystem::resize_file(note(key), before - 1, ignored);
  else
    std::filesystem::remove(note(key), ignored);
  remove_if_empty();
}

std::filesystem::path CheckpointDirectory::note(const Key& key) const { return file(key) += ".started"; }

void CheckpointDirectory::remove_if_empty() const noexcept {
  ::rmdir(directory_.c_str());  // refused unless it is empty, and a directory
}

}  // namespace palimpsest::sweep
