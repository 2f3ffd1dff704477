#include "palimpsest/task/question_answering/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>

namespace palimpsest::question_answering {

namespace {

// Women and men in turn: Words::pronoun.
constexpr std::array<std::string_view, 8> actors{"mary", "john", "sandra", "daniel", "julie", "bill", "emily", "fred"};
constexpr std::array<std::string_view, 8> places{"kitchen", "garden", "office", "hallway",
                                                 "bedroom", "school", "park",   "cinema"};
constexpr std::array<std::string_view, 8> objects{"football", "apple", "milk", "box", "book", "lamp", "key", "hat"};

/// The i-th name of endlessly many: once through the list they are numbered.
std::string name(std::span<const std::string_view> names, int i) {
  const auto n = static_cast<int>(names.size());
  const auto plain = names[static_cast<std::size_t>(i % n)];
  return i < n ? std::string(plain) : fmt::format("{}{}", plain, i / n + 1);
}

}  // namespace

int Words::both(int i, int j) const {
  const auto [low, high] = std::minmax(i, j);
  return object(sizes_.objects) + high * (high - 1) / 2 + low;
}

int Words::pronoun(int actor) const { return actor % 2 ? "he"_w : "she"_w; }

int Words::size() const {
  const int n = sizes_.objects;
  return object(n) + (pairs_ ? n * (n - 1) / 2 : 0);
}

std::string Words::text(int token) const {
  if (token < actor(0)) return std::string(common_words[static_cast<std::size_t>(token)]);
  if (token < place(0)) return name(actors, token - actor(0));
  if (token < object(0)) return name(places, token - place(0));
  if (token < object(sizes_.objects)) return name(objects, token - object(0));
  int high = 1;
  while (token >= both(0, high + 1)) ++high;
  const auto a = name(objects, token - both(0, high)), b = name(objects, high);
  return fmt::format("{},{}", std::min(a, b), std::max(a, b));
}

}  // namespace palimpsest::question_answering
