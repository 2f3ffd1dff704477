// Dense arrays as NumPy's .npy, format version 1.0, little-endian.
// Source: numpy.lib.format, "Format Version 1.0".
#pragma once

#include <filesystem>
#include <vector>

#include "palimpsest/core/types.hpp"

namespace palimpsest {

/// A matrix as a numpy array of shape (rows, cols). Throws std::runtime_error naming the file if it can't be written.
void write_npy(const std::filesystem::path& file, const Matrix<float>& matrix);
void write_npy(const std::filesystem::path& file, const Matrix<double>& matrix);
/// A list of indices as an int32 array of shape (n,).
void write_npy(const std::filesystem::path& file, const std::vector<int>& indices);

/// A matrix of floats as write_npy wrote it. Throws ConfigurationError naming the file if it can't be read or is another
/// kind of array.
Matrix<float> read_npy(const std::filesystem::path& file);

}  // namespace palimpsest
