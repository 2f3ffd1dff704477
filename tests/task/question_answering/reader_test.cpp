// What can be asked after events that are written by hand, and what is answered; columns are the events' own numbers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "palimpsest/task/question_answering/questions.hpp"

namespace palimpsest::question_answering {
namespace {

using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr Sizes sizes{.actors = 3, .places = 4, .objects = 3};
enum { mary, john, sandra };
enum { kitchen, garden, office, hallway };
enum { football, apple, milk };

Event move(int actor, int place) { return {.action = Action::move, .actor = actor, .place = place}; }
Event again(int actor, int place) { return {.action = Action::again, .actor = actor, .place = place}; }
Event leave(int actor, int place) { return {.action = Action::leave, .actor = actor, .place = place}; }
Event take(int actor, int object) { return {.action = Action::take, .actor = actor, .object = object}; }
Event drop(int actor, int object) { return {.action = Action::drop, .actor = actor, .object = object}; }
Event give(int actor, int object, int other) {
  return {.action = Action::give, .actor = actor, .other = other, .object = object};
}

/// Every question that may be drawn, with its answer and the number of the event that decides it.
std::vector<std::string> questions(Kind kind, int goal, const std::vector<Event>& events) {
  Reader reader(sizes);
  for (int i = 0; i < std::ssize(events); ++i) reader.hear(events[i], i);
  const Words words(sizes, true);
  std::map<std::string, int> found;
  for (std::uint64_t i = 0; i < 400; ++i) {  // 30 at most are to be found
    Stream stream(1, Purpose::test, i);
    const auto question = draw_question(stream, kind, goal, sizes, words, reader);
    if (!question) continue;
    std::string text;
    for (const int token : question->tokens) text += words.text(token) + " ";
    ++found[text + words.text(question->answer) + " " + std::to_string(question->fact)];
  }
  std::vector<std::string> all;
  for (const auto& [text, times] : found) all.push_back(text);
  return all;
}

TEST(QuestionReader, OneFact) {
  EXPECT_THAT(questions(Kind::one_fact, 0, {move(mary, office), move(john, garden), move(mary, kitchen)}),
              UnorderedElementsAre("where is mary ? kitchen 2", "where is john ? garden 1"));
}

TEST(QuestionReader, TwoFactsTheLaterOneDecides) {
  EXPECT_THAT(questions(Kind::two_facts, 0,
                        {move(mary, office), move(john, garden), take(mary, apple), take(john, milk),
                         take(john, football), move(mary, kitchen), drop(john, milk), move(john, hallway)}),
              UnorderedElementsAre("where is the apple ? kitchen 5", "where is the milk ? garden 6",
                                   "where is the football ? hallway 7"));
}

TEST(QuestionReader, ThreeFactsTheArrivalDecides) {
  EXPECT_THAT(questions(Kind::three_facts, 0,
                        {move(mary, office), move(john, hallway), take(mary, apple), take(john, milk),
                         move(mary, hallway), give(mary, apple, john), move(mary, garden), move(john, kitchen)}),
              UnorderedElementsAre("where was the apple before the kitchen ? hallway 7",
                                   "where was the apple before the hallway ? office 4",
                                   "where was the milk before the kitchen ? hallway 7"));
}

TEST(QuestionReader, GivingOfTheLastGiftOfEachObject) {
  EXPECT_THAT(questions(Kind::giving, 0,
                        {move(mary, office), move(john, office), move(sandra, office), take(mary, apple),
                         take(mary, milk), give(mary, apple, john), give(john, apple, sandra), give(mary, milk, john),
                         give(sandra, apple, john), give(john, apple, sandra)}),
              UnorderedElementsAre("who gave the apple ? john 9", "who received the apple ? sandra 9",
                                   "who gave the apple to sandra ? john 9", "who did john give the apple to ? sandra 9",
                                   "what did john give to sandra ? apple 9", "who gave the milk ? mary 7",
                                   "who received the milk ? john 7", "who gave the milk to john ? mary 7",
                                   "who did mary give the milk to ? john 7", "what did mary give to john ? milk 7"));
}

TEST(QuestionReader, WhatWasGivenIsTheLastBetweenTheTwo) {
  const auto all = questions(Kind::giving, 0,
                             {move(mary, office), move(john, office), take(mary, apple), take(mary, milk),
                              give(mary, apple, john), give(mary, milk, john)});
  EXPECT_THAT(all, testing::Contains("what did mary give to john ? milk 5"));
  EXPECT_THAT(all, testing::Not(testing::Contains(testing::HasSubstr("? apple"))));
}

TEST(QuestionReader, YesAndNo) {
  const std::vector<Event> events{move(mary, office), move(mary, garden)};
  EXPECT_THAT(questions(Kind::yes_no, 1, events), UnorderedElementsAre("is mary in the garden ? yes 1"));
  EXPECT_THAT(questions(Kind::yes_no, 0, events),
              UnorderedElementsAre("is mary in the office ? no 1", "is mary in the kitchen ? no 1",
                                   "is mary in the hallway ? no 1"));
}

TEST(QuestionReader, CountingAsksWhoHasHandledSomething) {
  const std::vector<Event> events{move(mary, office), move(john, garden),   take(mary, apple),
                                  take(john, milk),   take(mary, football), drop(john, milk)};
  EXPECT_THAT(questions(Kind::counting, 0, events), UnorderedElementsAre("how many objects is john carrying ? none 5"));
  EXPECT_THAT(questions(Kind::counting, 1, events), IsEmpty());
  EXPECT_THAT(questions(Kind::counting, 2, events), UnorderedElementsAre("how many objects is mary carrying ? two 4"));
}

TEST(QuestionReader, ListsAreOneWordInAlphabeticalOrder) {
  const std::vector<Event> events{move(mary, office), move(john, office), take(mary, milk), take(john, apple),
                                  take(mary, football)};
  EXPECT_THAT(questions(Kind::lists, 0, events), UnorderedElementsAre("what is john carrying ? apple 3"));
  EXPECT_THAT(questions(Kind::lists, 1, events), UnorderedElementsAre("what is mary carrying ? football,milk 4"));
}

TEST(QuestionReader, BeforeAndAfterOfTheLastTwoMoves) {
  EXPECT_THAT(
      questions(Kind::before_after, 0,
                {move(mary, hallway), move(mary, office), move(john, garden), move(mary, garden), move(mary, office)}),
      UnorderedElementsAre("where was mary before the office ? garden 4", "where was mary after the garden ? office 4",
                           "where was mary before the garden ? office 3",
                           "where was mary after the office ? garden 3"));
}

TEST(QuestionReader, CoreferenceAsksWhoWasMeantLast) {
  EXPECT_THAT(questions(Kind::coreference, 0,
                        {move(mary, office), again(mary, garden), move(john, office), again(john, hallway),
                         move(john, office)}),
              UnorderedElementsAre("where is mary ? garden 1"));
}

TEST(QuestionReader, ConjunctionAsksOneOfTheTwo) {
  const Event both{.action = Action::both, .actor = mary, .other = sandra, .place = kitchen};
  EXPECT_THAT(questions(Kind::conjunction, 0, {move(mary, office), move(john, garden), move(sandra, office), both}),
              UnorderedElementsAre("where is mary ? kitchen 3", "where is sandra ? kitchen 3"));
}

TEST(QuestionReader, NegationAsksForThePlaceThatWasSaid) {
  const std::vector<Event> events{move(mary, office), move(john, garden), leave(mary, office)};
  EXPECT_THAT(questions(Kind::negation, 1, events), UnorderedElementsAre("is john in the garden ? yes 1"));
  EXPECT_THAT(questions(Kind::negation, 0, events), UnorderedElementsAre("is mary in the office ? no 2"));
}

TEST(QuestionReader, WhatCannotBeKnownIsNotAsked) {
  EXPECT_THAT(questions(Kind::one_fact, 0, {}), IsEmpty());
  EXPECT_THAT(questions(Kind::one_fact, 0, {move(mary, office), leave(mary, office)}), IsEmpty());
  EXPECT_THAT(questions(Kind::yes_no, 0, {move(mary, office), leave(mary, office)}), IsEmpty());
  EXPECT_THAT(questions(Kind::two_facts, 0, {move(mary, office), take(mary, milk), leave(mary, office)}), IsEmpty());
  EXPECT_THAT(questions(Kind::two_facts, 0, {take(mary, milk), drop(mary, milk)}), IsEmpty()) << "where was mary?";
  EXPECT_THAT(
      questions(Kind::three_facts, 0, {move(mary, office), take(mary, milk), leave(mary, office), move(mary, garden)}),
      IsEmpty())
      << "where was it in between?";
  EXPECT_THAT(questions(Kind::before_after, 0, {move(mary, office), leave(mary, office), move(mary, garden)}),
              IsEmpty());
  EXPECT_THAT(questions(Kind::giving, 0, {move(mary, office), take(mary, milk)}), IsEmpty());
  EXPECT_THAT(questions(Kind::negation, 0, {move(mary, office), leave(mary, office), move(mary, office)}), IsEmpty());
}

}  // namespace
}  // namespace palimpsest::question_answering
