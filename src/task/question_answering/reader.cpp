#include "palimpsest/task/question_answering/reader.hpp"

#include <cassert>

namespace palimpsest::question_answering {

Reader::Reader(const Sizes& sizes)
    : actors_(static_cast<std::size_t>(sizes.actors)), objects_(static_cast<std::size_t>(sizes.objects)) {}

void Reader::hear(const Event& event, int column) {
  const auto& [action, actor, other, object, place] = event;
  switch (action) {
    case Action::both:
      go(event, other, column);
      [[fallthrough]];
    case Action::move:
    case Action::again:
      go(event, actor, column);
      break;
    case Action::leave:
      actors_[actor].route.lose();
      actors_[actor].not_there = {place, column};
      for (const int held : actors_[actor].hands)
        if (held != kNobody) objects_[held].route.lose();
      break;
    case Action::take:
      grasp(actor, object, column);
      break;
    case Action::drop:
      release(actor, object, column);
      break;
    case Action::give:
      release(actor, object, column);
      grasp(other, object, column);
      gifts_.push_back({actor, other, object, column});
      break;
  }
  last_actor_ = action == Action::both ? kNobody : actor;
}

void Reader::go(const Event& event, int actor, int column) {
  auto& known = actors_[actor];
  known.route.arrive(event.place, column);
  known.not_there = {};
  known.told = event.action;
  for (const int object : known.hands)
    if (object != kNobody) objects_[object].route.arrive(event.place, column);
}

void Reader::grasp(int actor, int object, int column) {
  auto& hands = actors_[actor].hands;
  auto* const free = std::ranges::find(hands, kNobody);
  assert(free != hands.end() && objects_[object].holder == kNobody);
  *free = object;
  objects_[object].holder = actor;
  objects_[object].handled = actors_[actor].handled = column;
  if (actors_[actor].route.known() > 0)
    objects_[object].route.arrive(actors_[actor].route.place(), column);
  else
    objects_[object].route.lose();
}

void Reader::release(int actor, int object, int column) {
  auto& hands = actors_[actor].hands;
  auto* const held = std::ranges::find(hands, object);
  assert(held != hands.end());
  *held = kNobody;
  objects_[object].holder = kNobody;
  objects_[object].handled = actors_[actor].handled = column;
}

}  // namespace palimpsest::question_answering
