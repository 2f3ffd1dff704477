// What a point of several numbers of pairs measured at each: in its row one field, and beside the results FILE.slices.csv, a row
// per point and number of pairs, which is made from the results alone.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "palimpsest/train/point.hpp"

namespace palimpsest::sweep {

/// `4=accuracy/its error/sequence accuracy/loss 8=…`
std::string slices_text(const std::vector<SliceScore>& slices);

/// `FILE.csv` gives `FILE.slices.csv`.
std::filesystem::path slices_path(const std::filesystem::path& values);

/// Writes it from the rows of a results file of tasks of tokens, or removes it if none has slices. Throws as RowFile does, and
/// OutputError if it can't be written.
void write_slices(const std::filesystem::path& values, Family family);

}  // namespace palimpsest::sweep
