// Associative retrieval: L pairs of a key and a value are written, then the value of a key is asked for.
//   without replacement (setting 1, capacity):    L ≤ S distinct keys and L distinct values
//   with replacement    (setting 2, overwriting): keys and values independent and uniform; a key's LAST value counts
// Training asks for the key at one uniform position; evaluation for every key written.
// Source: Schlag, Irie, Schmidhuber 2021 (arXiv 2102.11174), section 6.1.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "palimpsest/core/random.hpp"
#include "palimpsest/task/draw.hpp"
#include "palimpsest/task/episode.hpp"
#include "palimpsest/task/task.hpp"

namespace palimpsest {

class AssociativeRetrieval {
 public:
  static constexpr std::string_view name = "associative_retrieval";
  static constexpr std::string_view summary = "write L key-value pairs, then ask for a key's (last) value";

  /// Throws ConfigurationError unless S ≥ 1, L ≥ 1 and, without replacement, L ≤ S.
  explicit AssociativeRetrieval(const TaskOptions& options)
      : S_(static_cast<int>(options.S)), L_(options.L), replacement_(options.replacement) {
    const auto& [S, L, replacement] = options;
    if (S < 1) throw ConfigurationError(fmt::format("S = {}: at least 1 key is needed", S));
    if (L < 1) throw ConfigurationError(fmt::format("L = {}: at least 1 write is needed", L));
    if (!replacement && L > S)
      throw ConfigurationError(fmt::format("L = {} > S = {}: without replacement there are at most S writes", L, S));
  }

  /// A training episode: the writes and one query.
  void deal_training(Stream& stream, Episode& episode) const {
    deal_writes(stream, episode);
    const int key = episode.keys[stream.below(static_cast<std::uint32_t>(L_))];
    int last = static_cast<int>(L_) - 1;
    while (episode.keys[last] != key) --last;
    episode.queries.assign(1, {key, episode.values[last]});
  }

  /// An evaluation episode: the writes, and every key written as a query, lowest key first.
  void deal_evaluation(Stream& stream, Episode& episode) const {
    deal_writes(stream, episode);
    std::vector<int> latest(S_, -1);
    for (std::size_t t = 0; t < episode.keys.size(); ++t) latest[episode.keys[t]] = episode.values[t];
    episode.queries.clear();
    for (int key = 0; key < S_; ++key)
      if (latest[key] >= 0) episode.queries.push_back({key, latest[key]});
  }

 private:
  void deal_writes(Stream& stream, Episode& episode) const {
    deal(stream, episode.keys);
    deal(stream, episode.values);
  }

  void deal(Stream& stream, std::vector<int>& drawn) const {
    if (replacement_) {
      drawn.resize(L_);
      for (int& x : drawn) x = static_cast<int>(stream.below(static_cast<std::uint32_t>(S_)));
    } else {
      draw_distinct(stream, S_, L_, drawn);
    }
  }

  int S_;
  Index L_;
  bool replacement_;
};

}  // namespace palimpsest
