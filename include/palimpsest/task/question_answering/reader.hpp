// What a reader of a story knows: who is where, who has what, and since which column; what nobody can know isn't there. Stories are
// told from it, so that nothing happens that contradicts what was told.
#pragma once

#include <algorithm>
#include <array>
#include <vector>

#include "palimpsest/task/question_answering/kinds.hpp"
#include "palimpsest/task/question_answering/words.hpp"

namespace palimpsest::question_answering {

inline constexpr int kNobody = -1;  ///< or nothing, nowhere, never

/// What one statement says; people and things by number.
struct Event {
  Action action;
  int actor;
  int other = kNobody;  ///< who moves too, or is given something
  int object = kNobody;
  int place = kNobody;
};

/// The last three places of an actor or object, the latest first, each with the column where it was told. Consecutive ones differ.
class Route {
 public:
  struct Stay {
    int place = kNobody, column = kNobody;
  };

  int known() const { return known_; }
  const Stay& operator[](int back) const { return stays_[static_cast<std::size_t>(back)]; }
  int place() const { return stays_[0].place; }

  void arrive(int place, int column) {
    if (place == this->place()) return;
    std::ranges::copy_backward(stays_.begin(), stays_.end() - 1, stays_.end());
    stays_[0] = {place, column};
    known_ = std::min<int>(known_ + 1, static_cast<int>(stays_.size()));
  }

  /// Nothing before is known to be adjacent to what comes.
  void lose() { *this = {}; }

 private:
  std::array<Stay, 3> stays_{};
  int known_ = 0;
};

struct ActorKnown {
  Route route;
  Route::Stay not_there;       ///< where it is no longer, while that is all that is known
  Action told = Action::move;  ///< how the last move was told
  std::array<int, 2> hands{kNobody, kNobody};
  int handled = kNobody;  ///< column where something was taken, dropped, given or received

  int carried() const { return (hands[0] != kNobody) + (hands[1] != kNobody); }
};

struct ObjectKnown {
  Route route;
  int holder = kNobody;
  int handled = kNobody;
};

struct Gift {
  int giver, receiver, object, column;
};

class Reader {
 public:
  explicit Reader(const Sizes& sizes);

  /// A statement whose last token is at the column.
  void hear(const Event& event, int column);

  /// A question: `she` would no longer be understood.
  void answer() { last_actor_ = kNobody; }

  const std::vector<ActorKnown>& actors() const { return actors_; }
  const std::vector<ObjectKnown>& objects() const { return objects_; }
  const std::vector<Gift>& gifts() const { return gifts_; }

  /// Whom the last statement was about, if it was about one.
  int last_actor() const { return last_actor_; }

 private:
  void go(const Event& event, int actor, int column);
  void grasp(int actor, int object, int column);
  void release(int actor, int object, int column);

  std::vector<ActorKnown> actors_;
  std::vector<ObjectKnown> objects_;
  std::vector<Gift> gifts_;
  int last_actor_ = kNobody;
};

}  // namespace palimpsest::question_answering
