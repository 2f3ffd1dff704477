#include "palimpsest/task/question_answering/questions.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "palimpsest/task/question_answering/events.hpp"

namespace palimpsest::question_answering {

namespace {

constexpr std::array numbers{"none"_w, "one"_w, "two"_w};

/// The number of one of those who are right; kNobody if none is.
template <class Known, class Right>
int draw_one(Stream& stream, const std::vector<Known>& all, Right&& right) {
  std::vector<int> found;
  for (int i = 0; i < std::ssize(all); ++i)
    if (right(all[i])) found.push_back(i);
  return found.empty() ? kNobody : found[draw_below(stream, static_cast<int>(found.size()))];
}

class Draw {
 public:
  Draw(Stream& stream, const Sizes& sizes, const Words& words, const Reader& reader)
      : stream_(stream), sizes_(sizes), words_(words), reader_(reader) {}

  std::optional<Question> operator()(Kind kind, int goal) {
    switch (kind) {
      case Kind::one_fact:
        return where_is_actor([](const ActorKnown& a) { return a.route.known() > 0; });
      case Kind::coreference:
        return where_is_actor([](const ActorKnown& a) { return a.told == Action::again; });
      case Kind::conjunction:
        return where_is_actor([](const ActorKnown& a) { return a.told == Action::both; });
      case Kind::two_facts:
        return where_is_object();
      case Kind::three_facts:
        return where_was_object();
      case Kind::before_after:
        return where_was_actor();
      case Kind::giving:
        return giving();
      case Kind::yes_no:
        return is_there(goal == 1);
      case Kind::negation:
        return goal == 1 ? is_there(true) : is_no_longer();
      case Kind::counting:
        return how_many(goal);
      case Kind::lists:
        return what(goal + 1);
    }
    return {};
  }

 private:
  const ActorKnown& actor(int i) const { return reader_.actors()[i]; }
  const ObjectKnown& object(int i) const { return reader_.objects()[i]; }

  template <class Right>
  std::optional<Question> where_is_actor(Right&& right) {
    const int who = draw_one(stream_, reader_.actors(), right);
    if (who == kNobody) return {};
    const auto& [place, column] = actor(who).route[0];
    return Question{{"where"_w, "is"_w, words_.actor(who), "?"_w}, words_.place(place), column};
  }

  std::optional<Question> where_is_object() {
    const int what = draw_one(stream_, reader_.objects(), [](const ObjectKnown& o) { return o.route.known() > 0; });
    if (what == kNobody) return {};
    const auto& [place, column] = object(what).route[0];
    return Question{{"where"_w, "is"_w, "the"_w, words_.object(what), "?"_w},
                    words_.place(place),
                    std::max(column, object(what).handled)};
  }

  std::optional<Question> where_was_object() {
    const int what = draw_one(stream_, reader_.objects(), [](const ObjectKnown& o) { return o.route.known() > 1; });
    if (what == kNobody) return {};
    const auto& route = object(what).route;
    const int back = draw_below(stream_, route.known() - 1);
    return Question{
        {"where"_w, "was"_w, "the"_w, words_.object(what), "before"_w, "the"_w, words_.place(route[back].place), "?"_w},
        words_.place(route[back + 1].place),
        route[back].column};
  }

  std::optional<Question> where_was_actor() {
    const int who = draw_one(stream_, reader_.actors(), [](const ActorKnown& a) { return a.route.known() > 1; });
    if (who == kNobody) return {};
    const auto& route = actor(who).route;
    const int back = draw_below(stream_, route.known() - 1);
    const bool before = draw_below(stream_, 2);
    const int asked = before ? back : back + 1, answer = before ? back + 1 : back;
    return Question{{"where"_w, "was"_w, words_.actor(who), before ? "before"_w : "after"_w, "the"_w,
                     words_.place(route[asked].place), "?"_w},
                    words_.place(route[answer].place),
                    route[back].column};
  }

  Question is_in(int who, int place, int answer, int column) const {
    return {{"is"_w, words_.actor(who), "in"_w, "the"_w, words_.place(place), "?"_w}, answer, column};
  }

  std::optional<Question> is_there(bool yes) {
    const int who = draw_one(stream_, reader_.actors(), [](const ActorKnown& a) { return a.route.known() > 0; });
    if (who == kNobody) return {};
    const auto& [place, column] = actor(who).route[0];
    return yes ? is_in(who, place, "yes"_w, column)
               : is_in(who, draw_other_place(stream_, sizes_, place), "no"_w, column);
  }

  std::optional<Question> is_no_longer() {
    const int who =
        draw_one(stream_, reader_.actors(), [](const ActorKnown& a) { return a.not_there.place != kNobody; });
    if (who == kNobody) return {};
    const auto& [place, column] = actor(who).not_there;
    return is_in(who, place, "no"_w, column);
  }

  /// One who has handled something and carries so many.
  int one_with(int things) {
    return draw_one(stream_, reader_.actors(),
                    [=](const ActorKnown& a) { return a.handled != kNobody && a.carried() == things; });
  }

  std::optional<Question> how_many(int things) {
    const int who = one_with(things);
    if (who == kNobody) return {};
    return Question{{"how"_w, "many"_w, "objects"_w, "is"_w, words_.actor(who), "carrying"_w, "?"_w},
                    numbers[static_cast<std::size_t>(things)],
                    actor(who).handled};
  }

  std::optional<Question> what(int things) {
    const int who = one_with(things);
    if (who == kNobody) return {};
    const auto [left, right] = actor(who).hands;
    const int answer = things == 2 ? words_.both(left, right) : words_.object(std::max(left, right));
    return Question{{"what"_w, "is"_w, words_.actor(who), "carrying"_w, "?"_w}, answer, actor(who).handled};
  }

  /// Of the last time that an object was given; of what was given between two, of the last that was.
  std::optional<Question> giving() {
    const auto& gifts = reader_.gifts();
    std::vector<const Gift*> latest;
    std::vector<bool> seen(static_cast<std::size_t>(sizes_.objects));
    for (auto gift = gifts.rbegin(); gift != gifts.rend(); ++gift) {
      if (!seen[gift->object]) latest.push_back(&*gift);
      seen[gift->object] = true;
    }
    if (latest.empty()) return {};
    const Gift& gift = *latest[draw_below(stream_, static_cast<int>(latest.size()))];
    const int giver = gift.giver, receiver = gift.receiver, column = gift.column;
    const int a = words_.actor(giver), b = words_.actor(receiver), thing = words_.object(gift.object);
    switch (draw_below(stream_, 5)) {
      case 0:
        return Question{{"who"_w, "gave"_w, "the"_w, thing, "?"_w}, a, column};
      case 1:
        return Question{{"who"_w, "received"_w, "the"_w, thing, "?"_w}, b, column};
      case 2:
        return Question{{"who"_w, "gave"_w, "the"_w, thing, "to"_w, b, "?"_w}, a, column};
      case 3:
        return Question{{"who"_w, "did"_w, a, "give"_w, "the"_w, thing, "to"_w, "?"_w}, b, column};
      default:
        const auto& between = *std::find_if(gifts.rbegin(), gifts.rend(),
                                            [=](const Gift& g) { return g.giver == giver && g.receiver == receiver; });
        return Question{
            {"what"_w, "did"_w, a, "give"_w, "to"_w, b, "?"_w}, words_.object(between.object), between.column};
    }
  }

  Stream& stream_;
  const Sizes& sizes_;
  const Words& words_;
  const Reader& reader_;
};

}  // namespace

int goals(Kind kind, const Sizes& sizes) {
  switch (kind) {
    case Kind::yes_no:
    case Kind::negation:
      return 2;
    case Kind::counting:
      return std::min(sizes.objects, 2) + 1;
    case Kind::lists:
      return std::min(sizes.objects, 2);
    default:
      return 1;
  }
}

std::optional<Question> draw_question(Stream& stream, Kind kind, int goal, const Sizes& sizes, const Words& words,
                                      const Reader& reader) {
  return Draw(stream, sizes, words, reader)(kind, goal);
}

}  // namespace palimpsest::question_answering
