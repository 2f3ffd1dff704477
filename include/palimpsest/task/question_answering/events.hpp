// What happens in a story, and how it is said.
#pragma once

#include <cstdint>
#include <vector>

#include "palimpsest/core/random.hpp"
#include "palimpsest/task/question_answering/reader.hpp"

namespace palimpsest::question_answering {

/// Of 0 … n − 1.
inline int draw_below(Stream& stream, int n) { return static_cast<int>(stream.below(static_cast<std::uint32_t>(n))); }

/// The next event of a story of this kind: one of its actions, each as likely, by actors, to places and of objects that are
/// uniform among those that can. Two events where somebody first goes to where the thing is, or the one who gives it. Every
/// actor's place is known but after `leave`. Those of an impossible kind don't end: see KindDescription.
void draw_events(Stream& stream, Kind kind, const Sizes& sizes, const Reader& reader, std::vector<Event>& events);

/// A place other than this; any if it is kNobody.
int draw_other_place(Stream& stream, const Sizes& sizes, int place);

/// Appends the sentence, with a verb that is drawn.
void write_sentence(Stream& stream, const Words& words, const Event& event, std::vector<int>& tokens);

}  // namespace palimpsest::question_answering
