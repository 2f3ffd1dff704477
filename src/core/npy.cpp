#include "palimpsest/core/npy.hpp"

#include <fmt/format.h>

#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string_view>

namespace palimpsest {
namespace {

static_assert(std::endian::native == std::endian::little, "the data is written as it lies in memory");

void write(const std::filesystem::path& file, std::string_view type, bool by_columns, const std::string& shape,
           const void* data, std::size_t bytes) {
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': {}, 'shape': ({}), }}", type,
                                   by_columns ? "True" : "False", shape);
  constexpr std::size_t kPreamble = 10, kAlignment = 64;
  header.append(kAlignment - (kPreamble + header.size() + 1) % kAlignment, ' ');
  header += '\n';
  const auto length = static_cast<std::uint16_t>(header.size());
  std::ofstream out(file, std::ios::binary);
  out.write("\x93NUMPY\x01\x00", 8);
  out.write(reinterpret_cast<const char*>(&length), 2);
  out << header;
  out.write(static_cast<const char*>(data), static_cast<std::streamsize>(bytes));
  out.close();
  if (!out) throw std::runtime_error(fmt::format("cannot write {}", file.string()));
}

template <class T>
void write_matrix(const std::filesystem::path& file, std::string_view type, const Matrix<T>& matrix) {
  write(file, type, true, fmt::format("{}, {}", matrix.rows(), matrix.cols()), matrix.data(),
        matrix.size() * sizeof(T));
}

}  // namespace

void write_npy(const std::filesystem::path& file, const Matrix<float>& matrix) { write_matrix(file, "<f4", matrix); }

void write_npy(const std::filesystem::path& file, const Matrix<double>& matrix) { write_matrix(file, "<f8", matrix); }

void write_npy(const std::filesystem::path& file, const std::vector<int>& indices) {
  static_assert(sizeof(int) == 4);
  write(file, "<i4", false, fmt::format("{},", indices.size()), indices.data(), indices.size() * sizeof(int));
}

Matrix<float> read_npy(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(in), {});
  if (!in) throw ConfigurationError(fmt::format("cannot read '{}'", file.string()));
  const auto refuse = [&] {
    throw ConfigurationError(fmt::format("'{}' is no matrix of floats as --save-model writes it", file.string()));
  };
  constexpr std::string_view start = "{'descr': '<f4', 'fortran_order': True, 'shape': (";
  const std::string_view view = bytes;
  if (view.size() < 10 || view.substr(0, 8) != std::string_view("\x93NUMPY\x01\x00", 8)) refuse();
  const std::size_t data = 10 + static_cast<unsigned char>(view[8]) + 256u * static_cast<unsigned char>(view[9]);
  if (data > view.size() || !view.substr(10).starts_with(start)) refuse();
  const char *at = view.data() + 10 + start.size(), *end = view.data() + data;
  Index rows = -1, cols = -1;
  at = std::from_chars(at, end, rows).ptr;
  if (end - at < 2 || at[0] != ',') refuse();
  std::from_chars(at + 2, end, cols);
  // Sizes are compared with what is there before anything of that size is made.
  const auto floats = static_cast<Index>((view.size() - data) / sizeof(float));
  if (rows < 0 || cols < 0 || (view.size() - data) % sizeof(float) != 0) refuse();
  if (rows == 0 || cols == 0 ? floats != 0 : floats % rows != 0 || floats / rows != cols) refuse();
  Matrix<float> matrix(rows, cols);
  if (matrix.size() > 0) std::memcpy(matrix.data(), view.data() + data, view.size() - data);
  return matrix;
}

}  // namespace palimpsest
