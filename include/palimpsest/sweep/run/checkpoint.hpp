// What a killed sweep keeps of its points in flight, in FILE.checkpoints/: one file per point with the training state
// to go on from, which says what it is of (program, processor, point) and carries a checksum: anything else is never
// gone on from; and one as long as the number of times that the point was started and not ended, so that one that takes
// the whole process with it (killed for its memory, say) is known by the next.
#pragma once

#include <filesystem>
#include <string>

#include "palimpsest/sweep/plan/plan.hpp"

namespace palimpsest::sweep {

/// `FILE.csv` gives `FILE.checkpoints`.
std::filesystem::path checkpoints_path(const std::filesystem::path& values);

/// Only the holder of the results' lock may use it. One point's files may be used beside another's.
class CheckpointDirectory {
 public:
  struct Loaded {
    std::string state;  ///< empty if there is none to go on from
    std::string note;   ///< why the file that is there is ignored; empty if none is
  };

  /// Makes nothing.
  explicit CheckpointDirectory(std::filesystem::path directory);

  Loaded load(const Key& key) const;
  /// Writes a file beside it and renames it over what the point had. Throws OutputError.
  void save(const Key& key, const std::string& state) const;
  /// What the point had, if anything; the directory too, once it is empty. What can't be removed stays.
  void remove(const Key& key) const noexcept;

  /// How often the point was started and neither finished nor gave up.
  std::size_t attempts(const Key& key) const noexcept;
  /// One more. A note that can't be written is done without.
  void start(const Key& key) const noexcept;
  /// One less: it ended, but not by a fault of its own. Of none, nothing is left.
  void give_up(const Key& key) const noexcept;

  std::filesystem::path file(const Key& key) const;

 private:
  std::filesystem::path note(const Key& key) const;
  void remove_if_empty() const noexcept;

  std::filesystem::path directory_;
};

}  // namespace palimpsest::sweep
