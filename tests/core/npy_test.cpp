#include "palimpsest/core/npy.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace palimpsest {
namespace {

class Npy : public testing::Test {
 protected:
  Npy() {
    std::string name = std::filesystem::temp_directory_path() / "palimpsest-npy-XXXXXX";
    if (!::mkdtemp(name.data())) throw std::runtime_error("cannot make " + name);
    directory_ = name;
  }
  ~Npy() override { std::filesystem::remove_all(directory_); }

  struct Parsed {
    std::string header;
    std::string data;
  };

  template <class X>
  Parsed written(const X& x) {
    write_npy(directory_ / "x.npy", x);
    std::ifstream file(directory_ / "x.npy", std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(file), {});
    // Magic, version 1.0, little-endian length of the header; all of it a multiple of 64 bytes, ending in a newline.
    EXPECT_EQ(bytes.substr(0, 8), std::string("\x93NUMPY\x01\x00", 8));
    const std::size_t length = static_cast<unsigned char>(bytes.at(8)) + 256u * static_cast<unsigned char>(bytes.at(9));
    EXPECT_EQ((10 + length) % 64, 0u);
    std::string header = bytes.substr(10, length);
    EXPECT_EQ(header.back(), '\n');
    header.erase(header.find_last_not_of(" \n") + 1);
    return {header, bytes.substr(10 + length)};
  }

  template <class T>
  static T element(const Parsed& parsed, std::size_t i) {
    T value;
    std::memcpy(&value, parsed.data.data() + i * sizeof(T), sizeof(T));
    return value;
  }

  std::filesystem::path directory_;
};

TEST_F(Npy, AMatrixIsWrittenByColumns) {
  const auto floats = written(Matrix<float>{{1, 2, 3}, {4, 5, 6}});
  EXPECT_EQ(floats.header, "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }");
  ASSERT_EQ(floats.data.size(), 24u);
  for (const auto& [i, x] : {std::pair{0, 1.f}, {1, 4.f}, {2, 2.f}, {5, 6.f}}) EXPECT_EQ(element<float>(floats, i), x);

  const auto doubles = written(Matrix<double>{{0.1}, {0.2}});
  EXPECT_EQ(doubles.header, "{'descr': '<f8', 'fortran_order': True, 'shape': (2, 1), }");
  ASSERT_EQ(doubles.data.size(), 16u);
  EXPECT_EQ(element<double>(doubles, 1), 0.2);
}

TEST_F(Npy, IndicesAreAListOfIntegers) {
  const auto indices = written(std::vector<int>{7, -1, 300});
  EXPECT_EQ(indices.header, "{'descr': '<i4', 'fortran_order': False, 'shape': (3,), }");
  ASSERT_EQ(indices.data.size(), 12u);
  EXPECT_EQ(element<std::int32_t>(indices, 2), 300);
}

TEST_F(Npy, AnEmptyMatrixHasAHeaderAndNoData) {
  const auto empty = written(Matrix<float>(5, 0));
  EXPECT_EQ(empty.header, "{'descr': '<f4', 'fortran_order': True, 'shape': (5, 0), }");
  EXPECT_TRUE(empty.data.empty());
}

TEST_F(Npy, AHeaderOfAnyLengthIsAligned) {
  for (int digits = 1; digits < 100'000'000; digits *= 10) written(Matrix<float>(0, digits));
}

TEST_F(Npy, AnUnwritableFileIsNamedInTheError) {
  const auto file = directory_ / "nowhere" / "x.npy";
  try {
    write_npy(file, Matrix<float>(1, 1));
    FAIL() << "no error";
  } catch (const std::runtime_error& error) {
    EXPECT_EQ(error.what(), "cannot write " + file.string());
  }
}

TEST_F(Npy, AMatrixOfFloatsIsReadAsItWasWritten) {
  for (const auto& [rows, cols] : {std::pair{2, 3}, {1, 1}, {63, 5}, {0, 4}, {4, 0}}) {
    Matrix<float> matrix(rows, cols);
    for (Index i = 0; i < matrix.size(); ++i) matrix(i) = 0.1f * static_cast<float>(i) - 1;
    write_npy(directory_ / "x.npy", matrix);
    const Matrix<float> read = read_npy(directory_ / "x.npy");
    ASSERT_EQ(read.rows(), rows);
    ASSERT_EQ(read.cols(), cols);
    EXPECT_EQ(read, matrix);
  }
}

TEST_F(Npy, WhatIsNoMatrixOfFloatsIsRefusedByName) {
  const auto file = directory_ / "x.npy";
  const auto error_of = [&](const std::filesystem::path& path) -> std::string {
    try {
      read_npy(path);
    } catch (const ConfigurationError& error) {
      return error.what();
    }
    return "no error";
  };
  const std::string refused = fmt::format("'{}' is no matrix of floats as --save-model writes it", file.string());
  EXPECT_EQ(error_of(directory_ / "nowhere.npy"),
            fmt::format("cannot read '{}'", (directory_ / "nowhere.npy").string()));
  write_npy(file, Matrix<double>(2, 2));
  EXPECT_EQ(error_of(file), refused);
  write_npy(file, std::vector<int>{1, 2});
  EXPECT_EQ(error_of(file), refused);
  std::ofstream(file) << "step,loss";
  EXPECT_EQ(error_of(file), refused);
  write_npy(file, Matrix<float>(Matrix<float>::Zero(3, 5)));
  for (const std::uintmax_t size : {0, 9, 40, 64, 100, 187}) {  // cut off in each of its parts
    std::filesystem::resize_file(file, size);
    EXPECT_EQ(error_of(file), refused) << size;
    write_npy(file, Matrix<float>(Matrix<float>::Zero(3, 5)));
  }
}

}  // namespace
}  // namespace palimpsest
