// A state as bytes: one list of fields, `archive(a, b, c)`, both writes it and reads it back, so that the two can't
// disagree. Numbers, matrices, optionals and vectors are fields, and so is whatever has a `state(archive)` of its own.
// The bytes are those in memory: for the program that wrote them, on a machine like the one that did.
#pragma once

#include <cstring>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "palimpsest/core/types.hpp"

namespace palimpsest {

class Archive {
 public:
  /// Writes.
  Archive() = default;
  /// Reads what was written by the same list of fields. The bytes must outlive it.
  explicit Archive(std::string_view bytes) : reads_(true), left_(bytes) {}

  bool reads() const { return reads_; }

  /// Reading throws std::runtime_error if the bytes end too early, or if a matrix that has a shape finds another.
  template <class... Fields>
  void operator()(Fields&... fields) {
    (field(fields), ...);
  }

  /// Everything written so far.
  std::string take() { return std::move(written_); }

  /// Throws std::runtime_error if bytes are left to be read.
  void finish() const { require(left_.empty()); }

 private:
  void raw(void* data, std::size_t size) {
    if (!reads_) {
      written_.append(static_cast<const char*>(data), size);
      return;
    }
    require(size <= left_.size());
    if (size > 0) std::memcpy(data, left_.data(), size);
    left_.remove_prefix(size);
  }

  template <class V>
  requires std::is_arithmetic_v<V>
  void field(V& value) { raw(&value, sizeof value); }

  template <class V>
  requires requires(V& value, Archive& archive) { value.state(archive); }
  void field(V& value) { value.state(*this); }

  template <class V>
  void field(std::optional<V>& value) {
    bool has = value.has_value();
    field(has);
    if (reads_) value = has ? std::optional<V>(std::in_place) : std::nullopt;
    if (has) field(*value);
  }

  template <class V>
  void field(Matrix<V>& matrix) {
    Index rows = matrix.rows(), cols = matrix.cols();
    (*this)(rows, cols);
    if (reads_) {
      require(matrix.size() == 0 || (rows == matrix.rows() && cols == matrix.cols()));
      require(rows >= 0 && cols >= 0 && (cols == 0 || rows <= most<V>() / cols));
      matrix.resize(rows, cols);
    }
    raw(matrix.data(), static_cast<std::size_t>(matrix.size()) * sizeof(V));
  }

  template <class V>
  void field(std::vector<V>& values) {
    auto size = std::ssize(values);
    field(size);
    if (reads_) {
      require(size >= 0 && size <= most<char>());  // an element has a byte at least
      values.resize(static_cast<std::size_t>(size));
    }
    for (auto& value : values) field(value);
  }

  /// How many of them the bytes that are left could hold.
  template <class V>
  Index most() const {
    return static_cast<Index>(left_.size() / sizeof(V));
  }

  static void require(bool condition) {
    if (!condition) throw std::runtime_error("the bytes are of another state");
  }

  bool reads_ = false;
  std::string_view left_;
  std::string written_;
};

}  // namespace palimpsest
