#include "palimpsest/sweep/plan/declared.hpp"

namespace palimpsest::sweep {

std::filesystem::path declared_directory(const std::filesystem::path& installed, const std::filesystem::path& source) {
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  const auto directory = (program.parent_path() / installed).lexically_normal();
  return !error && std::filesystem::is_directory(directory, error) ? directory : source;
}

}  // namespace palimpsest::sweep
