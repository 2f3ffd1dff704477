#include "palimpsest/core/npy.hpp"

#include <fmt/format.h>

#include <bit>
#include <cstdint>
#include <fstream>

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
  write(file, type, true, fmt::format("{}, {}", matrix.rows(), matrix.cols()), matrix.data(), matrix.size() * sizeof(T));
}

}  // namespace

void write_npy(const std::filesystem::path& file, const Matrix<float>& matrix) { write_matrix(file, "<f4", matrix); }

void write_npy(const std::filesystem::path& file, const Matrix<double>& matrix) { write_matrix(file, "<f8", matrix); }

void write_npy(const std::filesystem::path& file, const std::vector<int>& indices) {
  static_assert(sizeof(int) == 4);
  write(file, "<i4", false, fmt::format("{},", indices.size()), indices.data(), indices.size() * sizeof(int));
}

}  // namespace palimpsest
