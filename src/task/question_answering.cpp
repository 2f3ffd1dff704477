#include "palimpsest/task/question_answering.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "palimpsest/task/draw.hpp"
#include "palimpsest/task/question_answering/events.hpp"
#include "palimpsest/task/question_answering/questions.hpp"

namespace palimpsest {

using namespace question_answering;

namespace {

constexpr Index most = 1'000'000;     // three times as many words are still an int
constexpr Index most_listed = 1'000;  // objects, of which each two have a word

void require_range(std::string_view option, Index count, Index least, Index most) {
  if (count < least || count > most)
    throw ConfigurationError(fmt::format("{} = {}: allowed is an integer from {} to {}", option, count, least, most));
}

void require_world(Kind kind, std::string_view option, Index count, Index least) {
  if (count < least)
    throw ConfigurationError(
        fmt::format("{} = {}: at least {} for the kind {}", option, count, least, description(kind).name));
}

bool any_of(const std::vector<Kind>& kinds, bool (*property)(Kind)) { return std::ranges::any_of(kinds, property); }

bool lists_objects(Kind kind) { return kind == Kind::lists; }

Sizes checked(const QuestionAnswering::Options& o, const std::vector<Kind>& kinds) {
  require_range("entities", o.entities, 1, most);
  require_range("places", o.places, 1, most);
  if (any_of(kinds, has_objects)) require_range("objects", o.objects, 1, most);
  for (const Kind kind : kinds) {
    require_world(kind, "entities", o.entities, description(kind).actors);
    require_world(kind, "places", o.places, description(kind).places);
  }
  if (any_of(kinds, lists_objects) && o.objects > most_listed)
    throw ConfigurationError(
        fmt::format("objects = {}: at most {} for the kind lists, where each two have a word", o.objects, most_listed));
  require_range("facts", o.facts, 1, most);
  require_range("questions", o.questions, 1, most);
  require_range("stories", o.stories, 1, most);
  if (o.loss != "answers" && o.loss != "all")
    throw ConfigurationError(fmt::format("loss '{}': allowed is answers or all", o.loss));
  return {.actors = static_cast<int>(o.entities),
          .places = static_cast<int>(o.places),
          .objects = any_of(kinds, has_objects) ? static_cast<int>(o.objects) : 0};
}

/// Tells a story to a reader and writes it down.
class Teller {
 public:
  Teller(Stream& stream, Kind kind, const Sizes& sizes, const Words& words, TokenSequence& sequence)
      : stream_(stream), kind_(kind), sizes_(sizes), words_(words), sequence_(sequence), reader_(sizes) {}

  /// A place for every actor, then a hand for every object, in any order.
  void open() {
    std::vector<int> order;
    draw_distinct(stream_, sizes_.actors, sizes_.actors, order);
    for (const int actor : order)
      say({.action = Action::move, .actor = actor, .place = draw_other_place(stream_, sizes_, kNobody)});
    if (!has_objects(kind_)) return;
    draw_distinct(stream_, sizes_.objects, sizes_.objects, order);
    for (const int object : order) {
      const int actor = draw_below(stream_, sizes_.actors);
      const auto& hands = reader_.actors()[actor].hands;
      if (std::ranges::find(hands, kNobody) == hands.end())
        say({.action = Action::drop, .actor = actor, .object = hands[draw_below(stream_, 2)]});
      say({.action = Action::take, .actor = actor, .object = object});
    }
  }

  /// How many statements that took.
  Index go_on() {
    draw_events(stream_, kind_, sizes_, reader_, events_);
    for (const Event& event : events_) say(event);
    return std::ssize(events_);
  }

  void ask() {
    const int goal = draw_below(stream_, goals(kind_, sizes_));
    auto question = draw_question(stream_, kind_, goal, sizes_, words_, reader_);
    for (; !question; question = draw_question(stream_, kind_, goal, sizes_, words_, reader_)) go_on();
    auto& [tokens, partners, positions, targets, distances] = sequence_;
    tokens.insert(tokens.end(), question->tokens.begin(), question->tokens.end());
    positions.push_back(last_column());
    targets.push_back(question->answer);
    distances.push_back(last_column() - question->fact);
    tokens.push_back(question->answer);
    reader_.answer();
  }

 private:
  int last_column() const { return static_cast<int>(sequence_.tokens.size()) - 1; }

  void say(const Event& event) {
    write_sentence(stream_, words_, event, sequence_.tokens);
    reader_.hear(event, last_column());
  }

  Stream& stream_;
  Kind kind_;
  const Sizes& sizes_;
  const Words& words_;
  TokenSequence& sequence_;
  Reader reader_;
  std::vector<Event> events_;
};

}  // namespace

QuestionAnswering::QuestionAnswering(const QuestionAnswering::Options& options)
    : kinds_(parse_kinds(options.kinds)),
      sizes_(checked(options, kinds_)),
      words_(sizes_, any_of(kinds_, lists_objects)),
      facts_(options.facts * options.entities),
      questions_(options.questions * options.entities),
      stories_(options.stories),
      all_tokens_(options.loss == "all") {}

bool QuestionAnswering::reads(std::string_view option) {
  bool reads = false;
  Options().fields([&](std::string_view name, const auto&) { reads |= name == option; });
  return reads;
}

void QuestionAnswering::deal(Stream& stream, TokenSequence& sequence) const {
  auto& [tokens, partners, positions, targets, distances] = sequence;
  tokens.clear(), partners.clear(), positions.clear(), targets.clear(), distances.clear();
  for (Index story = 0; story < stories_; ++story) deal_story(stream, sequence);
  if (!all_tokens_) return;
  positions.resize(tokens.size() - 1);
  std::iota(positions.begin(), positions.end(), 0);
  targets.assign(tokens.begin() + 1, tokens.end());
  distances.assign(positions.size(), 1);
}

void QuestionAnswering::deal_story(Stream& stream, TokenSequence& sequence) const {
  const Kind kind = kinds_[stream.below(static_cast<std::uint32_t>(kinds_.size()))];
  Teller teller(stream, kind, sizes_, words_, sequence);
  teller.open();
  Index told = 0;
  for (Index question = 1; question <= questions_; ++question) {
    while (told * questions_ < question * facts_) told += teller.go_on();
    teller.ask();
  }
  sequence.tokens.push_back("<eos>"_w);
}

std::string QuestionAnswering::text(const TokenSequence& sequence) const {
  std::string text;
  bool line_begins = true, answer_follows = false;
  for (const int token : sequence.tokens) {
    if (!line_begins) text += ' ';
    text += word(token);
    line_begins = answer_follows || token == "."_w || token == "<eos>"_w;
    if (line_begins) text += '\n';
    answer_follows = token == "?"_w;
  }
  return text;
}

std::vector<int> QuestionAnswering::most_recent_places(const TokenSequence& sequence) const {
  std::vector<int> answers;
  int place = -1, said = -1;  // in a statement that has ended, in the sentence that goes on
  bool answer_follows = false;
  for (const int token : sequence.tokens) {
    if (!answer_follows && words_.is_place(token)) said = token;
    if (token == "."_w && said >= 0) place = said;
    if (token == "?"_w) answers.push_back(place);
    if (token == "<eos>"_w) place = -1;
    answer_follows = token == "?"_w;
    if (token == "."_w || answer_follows) said = -1;
  }
  return answers;
}

}  // namespace palimpsest
