// Counter-based random numbers: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011) by
// Random123. A stream is a pure function of (seed, purpose, index), so episode i of a point is the same whatever the
// thread count or order.
#pragma once

#include <Random123/philox.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>

#include "palimpsest/core/types.hpp"

namespace palimpsest {

/// What a stream is for; different purposes never share numbers.
enum class Purpose : std::uint32_t {
  initialization,
  training,
  evaluation,
  final_evaluation,
  redraw,
  evaluation_redraw,
  final_redraw,
  test,
  trace = 9,  // 8 was given up; the number decides the stream
  shuffle = 10
};

class Stream {
 public:
  Stream(std::uint64_t seed, Purpose purpose, std::uint64_t index)
      : key_{{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)}},
        counter_{{0, static_cast<std::uint32_t>(purpose), static_cast<std::uint32_t>(index),
                  static_cast<std::uint32_t>(index >> 32)}} {}

  /// 32 uniformly random bits.
  std::uint32_t operator()() {
    if (used_ == buffer_.size()) refill();
    return buffer_[used_++];
  }

  /// Uniform in {0, …, n − 1}, n ≥ 1, without bias (Lemire 2019, "Fast random integer generation in an interval").
  std::uint32_t below(std::uint32_t n) {
    std::uint64_t product = std::uint64_t{(*this)()} * n;
    if (static_cast<std::uint32_t>(product) < n) {
      const std::uint32_t threshold = -n % n;
      while (static_cast<std::uint32_t>(product) < threshold) product = std::uint64_t{(*this)()} * n;
    }
    return static_cast<std::uint32_t>(product >> 32);
  }

  /// Uniform in the open interval (0, 1), on a grid of 2⁻²³ (float) or 2⁻³² (double).
  template <class T>
  T uniform() {
    if constexpr (sizeof(T) == sizeof(float)) {
      return (static_cast<T>((*this)() >> 9) + T(0.5)) * T(0x1p-23);
    } else {
      return (static_cast<T>((*this)()) + T(0.5)) * T(0x1p-32);
    }
  }

 private:
  using Generator = r123::Philox4x32;
  static constexpr std::size_t kBlocks = 8;  // several counters at a time keep the multipliers busy

  void refill() {
    for (std::size_t b = 0; b < kBlocks; ++b) {
      const auto words = Generator()(counter_, key_);
      ++counter_[0];
      for (std::size_t w = 0; w < 4; ++w) buffer_[4 * b + w] = words[w];
    }
    used_ = 0;
  }

  Generator::key_type key_;
  Generator::ctr_type counter_;
  std::array<std::uint32_t, 4 * kBlocks> buffer_{};
  std::size_t used_ = buffer_.size();
};

/// Independent U(−bound, bound) entries, column by column.
template <class T>
void fill_uniform(Stream& stream, T bound, MatrixView<T> out) {
  for (Index c = 0; c < out.cols(); ++c)
    for (Index r = 0; r < out.rows(); ++r) out(r, c) = bound * (T(2) * stream.uniform<T>() - T(1));
}

/// Independent N(0, 1) entries (Box–Muller), column by column.
template <class T>
void fill_normal(Stream& stream, MatrixView<T> out) {
  const Index rows = out.rows(), half = (rows + 1) / 2;
  Vector<T> radius(half), angle(half);
  for (Index c = 0; c < out.cols(); ++c) {
    for (Index i = 0; i < half; ++i) {
      radius(i) = stream.uniform<T>();
      angle(i) = stream.uniform<T>();
    }
    radius = (T(-2) * radius.array().log()).sqrt().matrix();
    angle *= T(2) * std::numbers::pi_v<T>;
    out.col(c).head(half) = radius.array() * angle.array().cos();
    out.col(c).tail(rows - half) = (radius.array() * angle.array().sin()).head(rows - half);
  }
}

}  // namespace palimpsest
