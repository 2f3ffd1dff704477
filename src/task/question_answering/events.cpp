#include "palimpsest/task/question_answering/events.hpp"

#include <array>
#include <initializer_list>

namespace palimpsest::question_answering {

namespace {

constexpr std::array went{"went"_w, "moved"_w, "journeyed"_w, "travelled"_w};
constexpr std::array took{"took"_w, "got"_w, "grabbed"_w};
constexpr std::array dropped{"dropped"_w, "left"_w, "discarded"_w};
constexpr std::array gave{"gave"_w, "handed"_w, "passed"_w};

template <class List>
auto draw_of(Stream& stream, const List& list) {
  return list[draw_below(stream, static_cast<int>(list.size()))];
}

/// Of two hands.
int draw_held(Stream& stream, const ActorKnown& actor) {
  const auto [left, right] = actor.hands;
  if (left == kNobody || right == kNobody) return left == kNobody ? right : left;
  return draw_of(stream, actor.hands);
}

/// Draws the action's events, or none where whoever and whatever was drawn can't do that.
class Draw {
 public:
  Draw(Stream& stream, const Sizes& sizes, const Reader& reader, std::vector<Event>& events)
      : stream_(stream), sizes_(sizes), actors_(reader.actors()), reader_(reader), events_(events) {}

  void operator()(Action action) {
    const int actor = draw_below(stream_, sizes_.actors);
    switch (action) {
      case Action::move:
        return go(Action::move, actor);
      case Action::again:
        if (reader_.last_actor() != kNobody) go(Action::again, reader_.last_actor());
        return;
      case Action::both:
        return go_together(actor, other_than(actor));
      case Action::leave:
        if (place_of(actor) != kNobody) events_.push_back({.action = action, .actor = actor, .place = place_of(actor)});
        return;
      case Action::take:
        return take(actor, draw_below(stream_, sizes_.objects));
      case Action::drop:
        if (actors_[actor].carried() > 0)
          events_.push_back({.action = action, .actor = actor, .object = draw_held(stream_, actors_[actor])});
        return;
      case Action::give:
        return give(actor, other_than(actor));
    }
  }

 private:
  int place_of(int actor) const { return actors_[actor].route.place(); }

  bool has_free_hand(int actor) const { return actors_[actor].carried() < std::ssize(actors_[actor].hands); }

  int other_than(int actor) { return (actor + 1 + draw_below(stream_, sizes_.actors - 1)) % sizes_.actors; }

  void go(Action action, int actor) {
    const int from = place_of(actor) == kNobody ? actors_[actor].not_there.place : place_of(actor);
    events_.push_back({.action = action, .actor = actor, .place = draw_other_place(stream_, sizes_, from)});
  }

  void go_together(int actor, int other) {
    const int place = draw_other_place(stream_, sizes_, place_of(actor));
    if (place != place_of(other))
      events_.push_back({.action = Action::both, .actor = actor, .other = other, .place = place});
  }

  void fetch_at(int place, int actor) {
    if (place_of(actor) != place) events_.push_back({.action = Action::move, .actor = actor, .place = place});
  }

  void take(int actor, int object) {
    const auto& known = reader_.objects()[object];
    if (known.holder != kNobody || !has_free_hand(actor)) return;
    fetch_at(known.route.place(), actor);
    events_.push_back({.action = Action::take, .actor = actor, .object = object});
  }

  void give(int giver, int receiver) {
    if (actors_[giver].carried() == 0 || !has_free_hand(receiver)) return;
    fetch_at(place_of(giver), receiver);
    const int object = draw_held(stream_, actors_[giver]);
    events_.push_back({.action = Action::give, .actor = giver, .other = receiver, .object = object});
  }

  Stream& stream_;
  const Sizes& sizes_;
  const std::vector<ActorKnown>& actors_;
  const Reader& reader_;
  std::vector<Event>& events_;
};

}  // namespace

void draw_events(Stream& stream, Kind kind, const Sizes& sizes, const Reader& reader, std::vector<Event>& events) {
  events.clear();
  Draw draw(stream, sizes, reader, events);
  while (events.empty()) draw(draw_of(stream, description(kind).actions));
}

int draw_other_place(Stream& stream, const Sizes& sizes, int place) {
  if (place == kNobody) return draw_below(stream, sizes.places);
  return (place + 1 + draw_below(stream, sizes.places - 1)) % sizes.places;
}

void write_sentence(Stream& stream, const Words& words, const Event& event, std::vector<int>& tokens) {
  const auto& [action, actor, other, object, place] = event;
  const auto say = [&](std::initializer_list<int> sentence) {
    tokens.insert(tokens.end(), sentence);
    tokens.push_back("."_w);
  };
  const int who = words.actor(actor), what = words.object(object), where = words.place(place);
  switch (action) {
    case Action::move:
      return say({who, draw_of(stream, went), "to"_w, "the"_w, where});
    case Action::again:
      return say({"then"_w, words.pronoun(actor), draw_of(stream, went), "to"_w, "the"_w, where});
    case Action::both:
      return say({who, "and"_w, words.actor(other), draw_of(stream, went), "to"_w, "the"_w, where});
    case Action::leave:
      return say({who, "is"_w, "no"_w, "longer"_w, "in"_w, "the"_w, where});
    case Action::take:
      return say({who, draw_of(stream, took), "the"_w, what});
    case Action::drop:
      return say({who, draw_of(stream, dropped), "the"_w, what});
    case Action::give:
      return say({who, draw_of(stream, gave), "the"_w, what, "to"_w, words.actor(other)});
  }
}

}  // namespace palimpsest::question_answering
