#include "palimpsest/sweep/plan/search.hpp"

#include <algorithm>

namespace palimpsest::sweep {

std::vector<Index> search_sizes(const Search& search, const std::function<std::optional<bool>(Index S)>& passes) {
  std::vector<Index> asked;
  const auto ask = [&](Index S) {
    asked.push_back(S);
    return passes(S);
  };
  Index passed = 0, failed = 0, in_a_row = 0;  // nothing is always stored
  for (Index S = search.first;; S = std::min(2 * S, search.largest)) {
    const auto answer = ask(S);
    if (!answer) return asked;
    if (*answer) {
      passed = S;
      in_a_row = 0;
    } else if (in_a_row++ == 0) {
      failed = S;
    }
    if (in_a_row == search.failures || S == search.largest) break;
  }
  if (in_a_row == 0) return asked;
  while (failed - passed > 1 &&
         static_cast<double>(failed - passed) > search.resolution * static_cast<double>(failed)) {
    const Index middle = passed + (failed - passed) / 2;
    const auto answer = ask(middle);
    if (!answer) return asked;
    (*answer ? passed : failed) = middle;
  }
  return asked;
}

}  // namespace palimpsest::sweep
