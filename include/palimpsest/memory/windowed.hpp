// Softmax attention, of pairs or of tokens, to the last w writes that a query sees.
// Source: Beltagy et al. 2020, "Longformer" (arXiv 2004.05150), section 3.1.
#pragma once

#include <fmt/format.h>

#include <string_view>

#include "palimpsest/memory/memory.hpp"

namespace palimpsest {

template <class Softmax>
class Windowed : public Softmax {
 public:
  static constexpr std::string_view name = "window";
  static constexpr std::string_view argument = "w";
  static constexpr std::string_view summary = "softmax attention that keeps the last w pairs";

  /// Throws ConfigurationError unless w ≥ 1.
  Windowed(int w, const MemoryOptions& options) : Softmax(options) {
    if (w < 1) throw ConfigurationError(fmt::format("memory 'window:{}': w must be at least 1", w));
    this->window_ = w;
  }

  int argument_value() const { return static_cast<int>(this->window_); }
};

}  // namespace palimpsest
