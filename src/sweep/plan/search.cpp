#include "palimpsest/sweep/plan/search.hpp"

#include <algorithm>
#include <cmath>

namespace palimpsest::sweep {

Course follow(const Search& search, const std::function<std::optional<bool>(Index S)>& passes) {
  Course course;
  const auto ask = [&](Index S) {
    course.sizes.push_back(S);
    return passes(S);
  };
  Index passed = 0, failed = 0, in_a_row = 0;  // nothing is always stored
  for (Index S = search.first;; S = std::min(2 * S, search.largest)) {
    const auto answer = ask(S);
    if (!answer) return course;
    if (*answer) {
      passed = S;
      in_a_row = 0;
    } else if (in_a_row++ == 0) {
      failed = S;
    }
    if (in_a_row == search.failures || S == search.largest) break;
  }
  while (in_a_row > 0 && failed - passed > search.step &&
         static_cast<double>(failed - passed) > search.resolution * static_cast<double>(failed)) {
    const Index middle = passed + (failed - passed) / search.step / 2 * search.step;
    const auto answer = ask(middle);
    if (!answer) return course;
    (*answer ? passed : failed) = middle;
  }
  course.capacity = passed;
  if (search.beyond > 0 && passed > 0) course.beyond = size_beyond(search, passed);
  return course;
}

Index size_beyond(const Search& search, Index S) {
  const auto step = static_cast<double>(search.step);
  return static_cast<Index>(std::llround(search.beyond * static_cast<double>(S) / step)) * search.step;
}

}  // namespace palimpsest::sweep
