#include "palimpsest/task/question_answering/solver.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <set>
#include <string_view>
#include <vector>

namespace palimpsest::question_answering {

namespace {

using Sentence = std::vector<std::string_view>;
using Answer = std::optional<std::string>;
constexpr std::string_view any;  // of a pattern

/// Whether each word is that of the pattern, or the pattern's is any.
bool matches(const Sentence& sentence, std::initializer_list<std::string_view> pattern) {
  return std::equal(sentence.begin(), sentence.end(), pattern.begin(), pattern.end(),
                    [](std::string_view word, std::string_view wanted) { return wanted.empty() || word == wanted; });
}

bool is_taking(std::string_view verb) { return verb == "took" || verb == "got" || verb == "grabbed"; }

/// What a sentence says; empty where it says nothing of the sort.
struct Fact {
  std::vector<std::string_view> movers{};
  std::string_view to{};            ///< where they went
  std::string_view left{}, from{};  ///< who is no longer where
  std::string_view thing{}, giver{}, taker{};
};

Fact understand(const Sentence& s, const std::vector<Fact>& before) {
  if (matches(s, {any, any, "to", "the", any})) return {.movers = {s[0]}, .to = s[4]};
  if (matches(s, {"then", any, any, "to", "the", any}))
    return {.movers = before.empty() ? Sentence{} : before.back().movers, .to = s[5]};
  if (matches(s, {any, "and", any, any, "to", "the", any})) return {.movers = {s[0], s[2]}, .to = s[6]};
  if (matches(s, {any, "is", "no", "longer", "in", "the", any})) return {.left = s[0], .from = s[6]};
  if (matches(s, {any, any, "the", any, "to", any})) return {.thing = s[3], .giver = s[0], .taker = s[5]};
  if (matches(s, {any, any, "the", any})) {
    if (is_taking(s[1])) return {.thing = s[3], .taker = s[0]};
    return {.thing = s[3], .giver = s[0]};
  }
  return {};
}

/// Looks back from the first n facts of a story.
class Hindsight {
 public:
  explicit Hindsight(std::vector<Fact> facts) : facts_(std::move(facts)) {}

  std::size_t now() const { return facts_.size(); }

  /// The last of the first n facts with this property.
  template <class Property>
  const Fact* last(std::size_t n, Property&& property) const {
    while (n > 0)
      if (property(facts_[--n])) return &facts_[n];
    return nullptr;
  }

  const Fact* last_of_actor(std::string_view actor, std::size_t n) const {
    return last(n, [=](const Fact& f) { return f.left == actor || std::ranges::count(f.movers, actor) > 0; });
  }

  /// Where the actor is after n facts; empty if that isn't known.
  std::string_view place_of_actor(std::string_view actor, std::size_t n) const {
    const Fact* fact = last_of_actor(actor, n);
    return fact ? fact->to : std::string_view();
  }

  std::string_view holder(std::string_view thing, std::size_t n) const {
    const Fact* fact = last(n, [=](const Fact& f) { return f.thing == thing; });
    return fact ? fact->taker : std::string_view();
  }

  /// With who has it, or where it was dropped.
  std::string_view place_of_thing(std::string_view thing, std::size_t n) const {
    const Fact* fact = last(n, [=](const Fact& f) { return f.thing == thing; });
    if (!fact) return {};
    return fact->taker.empty() ? place_of_actor(fact->giver, static_cast<std::size_t>(fact - facts_.data()))
                               : place_of_actor(fact->taker, n);
  }

  /// Where it was just before it last came to the place; after: where it came when it last went away.
  template <class PlaceAt>
  std::string_view next_to(std::string_view place, bool after, PlaceAt&& place_at) const {
    for (std::size_t n = now(); n > 1; --n) {
      const auto later = place_at(n), earlier = place_at(n - 1);
      if (later == earlier || later.empty() || earlier.empty()) continue;
      if (after ? earlier == place : later == place) return after ? later : earlier;
    }
    return {};
  }

  /// In alphabetical order.
  std::set<std::string_view> carried_by(std::string_view actor) const {
    std::set<std::string_view> things;
    for (const auto& fact : facts_)
      if (!fact.thing.empty() && holder(fact.thing, now()) == actor) things.insert(fact.thing);
    return things;
  }

 private:
  std::vector<Fact> facts_;
};

Answer said(std::string_view word) { return word.empty() ? Answer() : Answer(std::string(word)); }

Answer answer(const Sentence& q, const Hindsight& story) {
  const auto gift = [&](auto&& property) {
    return story.last(story.now(), [&](const Fact& f) { return !f.giver.empty() && !f.taker.empty() && property(f); });
  };
  const auto of_actor = [&](std::size_t n) { return story.place_of_actor(q[2], n); };
  const auto of_thing = [&](std::size_t n) { return story.place_of_thing(q[3], n); };

  if (matches(q, {"where", "is", any})) return said(of_actor(story.now()));
  if (matches(q, {"where", "is", "the", any})) return said(of_thing(story.now()));
  if (matches(q, {"where", "was", "the", any, "before", "the", any})) return said(story.next_to(q[6], false, of_thing));
  if (matches(q, {"where", "was", any, any, "the", any})) return said(story.next_to(q[5], q[3] == "after", of_actor));
  if (matches(q, {"is", any, "in", "the", any})) {
    const Fact* fact = story.last_of_actor(q[1], story.now());
    if (!fact || (fact->to.empty() && fact->from != q[4])) return {};
    return fact->to == q[4] ? "yes" : "no";
  }
  if (matches(q, {"how", "many", "objects", "is", any, "carrying"})) {
    constexpr std::string_view numbers[] = {"none", "one", "two"};
    const auto things = story.carried_by(q[4]).size();
    return things < std::size(numbers) ? said(numbers[things]) : Answer();
  }
  if (matches(q, {"what", "is", any, "carrying"})) {
    std::string list;
    for (const auto thing : story.carried_by(q[2])) list += fmt::format("{}{}", list.empty() ? "" : ",", thing);
    return said(list);
  }

  const Fact* found = nullptr;
  if (matches(q, {"who", "gave", "the", any})) found = gift([&](const Fact& f) { return f.thing == q[3]; });
  if (matches(q, {"who", "gave", "the", any, "to", any}))
    found = gift([&](const Fact& f) { return f.thing == q[3] && f.taker == q[5]; });
  if (found) return said(found->giver);
  if (matches(q, {"who", "received", "the", any})) found = gift([&](const Fact& f) { return f.thing == q[3]; });
  if (matches(q, {"who", "did", any, "give", "the", any, "to"}))
    found = gift([&](const Fact& f) { return f.giver == q[2] && f.thing == q[5]; });
  if (found) return said(found->taker);
  if (matches(q, {"what", "did", any, "give", "to", any}))
    found = gift([&](const Fact& f) { return f.giver == q[2] && f.taker == q[5]; });
  return found ? said(found->thing) : Answer();
}

}  // namespace

std::optional<std::string> solve(std::span<const std::string> words) {
  std::vector<Fact> facts;
  Sentence sentence;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "<eos>") {
      facts.clear();
    } else if (words[i] == ".") {
      facts.push_back(understand(sentence, facts));
      sentence.clear();
    } else if (words[i] == "?") {
      if (i + 1 == words.size()) return answer(sentence, Hindsight(std::move(facts)));
      sentence.clear();
      ++i;
    } else {
      sentence.push_back(words[i]);
    }
  }
  return {};
}

}  // namespace palimpsest::question_answering
