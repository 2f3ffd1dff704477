#include "palimpsest/train/evaluation.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "palimpsest/task/all.hpp"

namespace palimpsest {
namespace {

std::vector<double> zero_to(int n) {
  std::vector<double> losses(n);
  std::iota(losses.begin(), losses.end(), 0.0);
  return losses;
}

TEST(LossAverage, ExactWeighsQueriesEqually) {
  LossAverage average(EvaluationMode::exact);
  average.add(zero_to(40));                     // sum 780
  average.add(std::vector<double>(10, 100.0));  // sum 1000
  EXPECT_DOUBLE_EQ(average.value(), 1780.0 / 50);
}

TEST(LossAverage, PublishedWeighsChunksOf32Equally) {
  // 0 … 39 is a chunk 0 … 31 of mean 15.5 and a chunk 32 … 39 of mean 35.5.
  LossAverage average(EvaluationMode::published_2021);
  average.add(zero_to(40));
  EXPECT_DOUBLE_EQ(average.value(), (15.5 + 35.5) / 2);
  average.add({100});  // a sequence's chunks are its own: a third chunk of one query
  EXPECT_DOUBLE_EQ(average.value(), (15.5 + 35.5 + 100) / 3);
}

TEST(LossAverage, PublishedEqualsExactForWholeChunks) {
  LossAverage exact(EvaluationMode::exact), published(EvaluationMode::published_2021);
  for (auto* average : {&exact, &published}) average->add(zero_to(64));
  EXPECT_DOUBLE_EQ(exact.value(), published.value());
}

TEST(LossAverage, ErrorIsThatOfARatioOverSequences) {
  // Sums 6, 2, 1 of 3, 2, 1 queries: mean 9/6 = 1.5, residuals 1.5, −1, −0.5, squares 3.5; √(3/2·3.5)/6.
  LossAverage average(EvaluationMode::exact);
  average.add({1, 2, 3});
  EXPECT_FALSE(average.error()) << "one sequence";
  average.add({0, 2});
  average.add({1});
  EXPECT_DOUBLE_EQ(average.error().value(), std::sqrt(1.5 * 3.5) / 6);
}

TEST(LossAverage, ErrorOfEqualLengthsIsThatOfAMean) {
  // Means 1, 2, 4, 5: s² = 10/3, error √(10/12).
  for (const auto mode : {EvaluationMode::exact, EvaluationMode::published_2021}) {
    LossAverage average(mode);
    for (const double x : {1., 2., 4., 5.}) average.add({x, x, x});
    EXPECT_DOUBLE_EQ(average.error().value(), std::sqrt(10. / 12));
  }
}

TEST(LossAverage, PublishedErrorWeighsChunks) {
  // Chunk means 0 and 1 of one sequence, 2 of another: mean 1, residuals 1 − 2, 2 − 1; √(2/1·2)/3.
  LossAverage average(EvaluationMode::published_2021);
  std::vector<double> losses(theory::published_chunk, 0.0);
  losses.push_back(1);
  average.add(losses);
  average.add({2});
  EXPECT_DOUBLE_EQ(average.error().value(), 2. / 3);
}

/// Answers query n with `answer(target, n)` at the target and `other` elsewhere.
struct FakeMemory {
  std::function<float(int key)> at_target;
  float other = 0;
  std::vector<int> asked{};

  struct Kept {};

  void read(const Episode& episode, const Asked& asked, MatrixView<float> Y, Kept&) {
    const auto& columns = asked.columns;
    this->asked.insert(this->asked.end(), columns.begin(), columns.end());
    Y.setConstant(other);
    for (std::size_t n = 0; n < columns.size(); ++n) Y(episode.queries[n].target, n) = at_target(columns[n]);
  }
};

/// Keys 0 … S − 1, each with the value S − 1 − key.
struct Mirror {
  int S;
  void operator()(Index, Episode& episode) const {
    episode = {};
    for (int key = 0; key < S; ++key) {
      episode.keys.push_back(key);
      episode.values.push_back(S - 1 - key);
      episode.queries.push_back({key, S - 1 - key});
    }
  }
};

Evaluation evaluated(FakeMemory& memory, int S, EvaluationMode mode) {
  FakeMemory::Kept kept;
  return evaluate<float>(memory, kept, S, mode, 3, Mirror{S}, [](Index) {});
}

TEST(Evaluation, APerfectMemoryHasNoLoss) {
  FakeMemory memory{[](int) { return 1.f; }};
  for (const auto mode : {EvaluationMode::exact, EvaluationMode::published_2021})
    for (const int S : {1, 5, 230}) {
      const auto got = evaluated(memory, S, mode);
      EXPECT_EQ(got.loss, 0);
      EXPECT_EQ(got.accuracy, 1);
    }
}

TEST(Evaluation, AMemoryThatSaysNothingLosesOneHalf) {
  FakeMemory memory{[](int) { return 0.f; }};
  const auto got = evaluated(memory, 5, EvaluationMode::exact);
  EXPECT_EQ(got.loss, 0.5);
  EXPECT_EQ(got.accuracy, 0);  // a tie is no answer
}

TEST(Evaluation, LossIsHalfTheSquaredError) {
  // Target ¾, the four others ½: ½ (1/16 + 4/4) = 17/32; the target is largest.
  FakeMemory memory{[](int) { return 0.75f; }, 0.5f};
  const auto got = evaluated(memory, 5, EvaluationMode::exact);
  EXPECT_DOUBLE_EQ(got.loss, 17.0 / 32);
  EXPECT_EQ(got.accuracy, 1);
}

TEST(Evaluation, AccuracyIsTheShareOfQueries) {
  FakeMemory memory{[](int key) { return key < 2 ? 1.f : 0.f; }};
  const auto got = evaluated(memory, 5, EvaluationMode::exact);
  EXPECT_DOUBLE_EQ(got.accuracy, 2.0 / 5);
  EXPECT_DOUBLE_EQ(got.loss, 0.5 * 3 / 5);
}

TEST(Evaluation, PublishedAsksThe200LowestKeys) {
  FakeMemory memory{[](int key) { return key < 200 ? 1.f : 0.f; }};
  EXPECT_EQ(evaluated(memory, 230, EvaluationMode::published_2021).loss, 0);
  EXPECT_EQ(memory.asked.size(), 3u * 200);
  memory.asked.clear();
  EXPECT_DOUBLE_EQ(evaluated(memory, 230, EvaluationMode::exact).loss, 0.5 * 30 / 230);
  EXPECT_EQ(memory.asked.size(), 3u * 230);
}

// `np.unique(k)[:200]`: of keys drawn with replacement the 200 lowest that are there, not those below 200.
TEST(Evaluation, PublishedAsksThe200LowestOfTheKeysPresentWithTheWeightsOfItsBound) {
  const int S = 400;
  const AssociativeRetrieval task({S, S, true});
  const auto deal = [&](Index, Episode& episode) {
    Stream stream(1, Purpose::test, 0);
    task.deal_evaluation(stream, episode);
  };
  Episode episode;
  deal(0, episode);
  std::vector<int> present;
  for (const Query& query : episode.queries) present.push_back(query.key);
  ASSERT_GT(present.size(), 210u);
  const auto weights = theory::published_query_weights(std::ssize(present));
  ASSERT_EQ(weights.size(), 200u);
  for (const std::size_t lost : {0u, 31u, 191u, 192u, 199u, 200u, 209u}) {
    FakeMemory memory{[&](int key) { return key == present[lost] ? 0.f : 1.f; }};
    FakeMemory::Kept kept;
    const auto got = evaluate<float>(memory, kept, S, EvaluationMode::published_2021, 1, deal, [](Index) {});
    EXPECT_DOUBLE_EQ(got.loss, lost < 200 ? 0.5 * weights[lost] : 0) << lost;
    EXPECT_EQ(memory.asked, (std::vector<int>(present.begin(), present.begin() + 200)));
  }
}

TEST(Evaluation, PublishedWeighsTheShortLastChunkAsTheOthers) {
  // S = 40: the 8 keys of the second chunk are lost, half of the weight.
  FakeMemory memory{[](int key) { return key < 32 ? 1.f : 0.f; }};
  EXPECT_DOUBLE_EQ(evaluated(memory, 40, EvaluationMode::published_2021).loss, 0.25);
  EXPECT_DOUBLE_EQ(evaluated(memory, 40, EvaluationMode::exact).loss, 0.5 * 8 / 40);
}

TEST(Evaluation, AnObserverSeesEverySequenceAsAnswered) {
  FakeMemory memory{[](int) { return 0.75f; }, 0.5f};
  std::vector<Index> prepared;
  int seen = 0;
  FakeMemory::Kept kept;
  evaluate<float>(
      memory, kept, 5, EvaluationMode::exact, 3, Mirror{5}, [&](Index i) { prepared.push_back(i); },
      [&](const Episode& episode, const Matrix<float>& Y, const FakeMemory::Kept&) {
        ++seen;
        ASSERT_EQ(Y.rows(), 5);
        ASSERT_EQ(Y.cols(), 5);
        for (Index n = 0; n < 5; ++n)
          for (int j = 0; j < 5; ++j) EXPECT_EQ(Y(j, n), j == episode.queries[n].target ? 0.75f : 0.5f);
      });
  EXPECT_EQ(seen, 3);
  EXPECT_EQ(prepared, (std::vector<Index>{0, 1, 2}));
}

}  // namespace
}  // namespace palimpsest
