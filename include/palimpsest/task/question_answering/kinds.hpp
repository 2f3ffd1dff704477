// Kinds of stories: what happens in them, what is asked, and the smallest world that has such a question. After the tasks of
// Weston et al. 2015, "Towards AI-complete question answering" (arXiv 1502.05698); the stories are generated here.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "palimpsest/core/types.hpp"

namespace palimpsest::question_answering {

enum class Action {
  move,   ///< mary went to the kitchen .
  again,  ///< then she went to the kitchen .      whoever the last statement was about
  both,   ///< mary and john went to the kitchen .
  leave,  ///< mary is no longer in the kitchen .
  take,   ///< mary took the football .
  drop,   ///< mary dropped the football .
  give    ///< mary gave the football to john .
};

enum class Kind {
  one_fact,
  two_facts,
  three_facts,
  giving,
  yes_no,
  counting,
  lists,
  before_after,
  coreference,
  conjunction,
  negation
};

struct KindDescription {
  Kind kind;
  std::string_view name;
  Index actors, places, objects;    ///< that it needs at least
  std::array<Action, 4> actions{};  ///< what happens next, each as likely: what stands here twice is twice as likely
};

inline constexpr std::array kinds{
    // where is mary ?
    KindDescription{Kind::one_fact, "one_fact", 1, 2, 0, {Action::move, Action::move, Action::move, Action::move}},
    // where is the football ?
    KindDescription{Kind::two_facts, "two_facts", 1, 2, 1, {Action::move, Action::move, Action::take, Action::drop}},
    // where was the football before the kitchen ?
    KindDescription{
        Kind::three_facts, "three_facts", 1, 3, 1, {Action::move, Action::move, Action::take, Action::drop}},
    // who gave the football to john ?  what did mary give to john ?  …
    KindDescription{Kind::giving, "giving", 2, 2, 1, {Action::move, Action::take, Action::drop, Action::give}},
    // is mary in the kitchen ?
    KindDescription{Kind::yes_no, "yes_no", 1, 2, 0, {Action::move, Action::move, Action::move, Action::move}},
    // how many objects is mary carrying ?
    KindDescription{Kind::counting, "counting", 1, 2, 1, {Action::move, Action::take, Action::take, Action::drop}},
    // what is mary carrying ?
    KindDescription{Kind::lists, "lists", 1, 2, 1, {Action::move, Action::take, Action::take, Action::drop}},
    // where was mary before the kitchen ?  where was mary after the kitchen ?
    KindDescription{
        Kind::before_after, "before_after", 1, 3, 0, {Action::move, Action::move, Action::move, Action::move}},
    // where is mary ?                      of whom it was last said by `she`
    KindDescription{
        Kind::coreference, "coreference", 1, 2, 0, {Action::move, Action::move, Action::again, Action::again}},
    // where is john ?                      of whom it was last said together with somebody
    KindDescription{
        Kind::conjunction, "conjunction", 2, 2, 0, {Action::move, Action::move, Action::both, Action::both}},
    // is mary in the kitchen ?             of whom it was said last that she is, or is no longer
    KindDescription{Kind::negation, "negation", 1, 2, 0, {Action::move, Action::move, Action::leave, Action::leave}},
};

inline const KindDescription& description(Kind kind) { return kinds[static_cast<std::size_t>(kind)]; }

/// Whether its stories have objects.
inline bool has_objects(Kind kind) { return description(kind).objects > 0; }

/// `one_fact`, several with blanks between them, or `all`; in the order above. Throws ConfigurationError, naming the known
/// ones, for an unknown one, one that stands twice, or none.
std::vector<Kind> parse_kinds(std::string_view text);

/// As parse_kinds() reads them: `all` of all, else their names.
std::string kinds_text(const std::vector<Kind>& chosen);

}  // namespace palimpsest::question_answering
