#include "palimpsest/task/associative_retrieval.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <vector>

#include "theory/gaussian.hpp"

namespace palimpsest {
namespace {

Episode training(const AssociativeRetrieval& task, std::uint64_t index) {
  Stream stream(1, Purpose::training, index);
  Episode episode;
  task.deal_training(stream, episode);
  return episode;
}

Episode evaluation(const AssociativeRetrieval& task, std::uint64_t index) {
  Stream stream(1, Purpose::evaluation, index);
  Episode episode;
  task.deal_evaluation(stream, episode);
  return episode;
}

bool same(const Episode& a, const Episode& b) {
  return a.keys == b.keys && a.values == b.values &&
         std::equal(a.queries.begin(), a.queries.end(), b.queries.begin(), b.queries.end(),
                    [](const Query& x, const Query& y) { return x.key == y.key && x.target == y.target; });
}

std::set<int> distinct(const std::vector<int>& indices) { return {indices.begin(), indices.end()}; }

/// χ² of counts that should be equal, in standard deviations above its mean; a fixed seed must stay below 5.
double excess(const std::vector<int>& counts) {
  const double cells = static_cast<double>(counts.size());
  const double expected = std::accumulate(counts.begin(), counts.end(), 0.0) / cells;
  double chi = 0;
  for (const int count : counts) chi += (count - expected) * (count - expected) / expected;
  return (chi - (cells - 1)) / std::sqrt(2 * (cells - 1));
}

struct Size {
  int S, L;
};

TEST(AssociativeRetrieval, WithoutReplacementKeysAndValuesAreDistinct) {
  for (const auto& [S, L] : {Size{1, 1}, {5, 5}, {63, 63}, {63, 5}, {20, 19}})
    for (std::uint64_t i = 0; i < 20; ++i) {
      const Episode episode = training(AssociativeRetrieval({S, L, false}), i);
      ASSERT_EQ(std::ssize(episode.keys), L);
      ASSERT_EQ(std::ssize(episode.values), L);
      EXPECT_EQ(std::ssize(distinct(episode.keys)), L);
      EXPECT_EQ(std::ssize(distinct(episode.values)), L);
      for (const auto* indices : {&episode.keys, &episode.values}) {
        EXPECT_GE(*std::ranges::min_element(*indices), 0);
        EXPECT_LT(*std::ranges::max_element(*indices), S);
      }
    }
}

TEST(AssociativeRetrieval, ATrainingEpisodeAsksForTheLastValueOfOneKey) {
  for (const bool replacement : {false, true})
    for (std::uint64_t i = 0; i < 200; ++i) {
      const Episode episode = training(AssociativeRetrieval({7, replacement ? 20 : 7, replacement}), i);
      ASSERT_EQ(episode.queries.size(), 1u);
      int last = -1;
      for (std::size_t t = 0; t < episode.keys.size(); ++t)
        if (episode.keys[t] == episode.queries[0].key) last = episode.values[t];
      EXPECT_EQ(episode.queries[0].target, last);
    }
}

TEST(AssociativeRetrieval, AnEvaluationEpisodeAsksForTheLastValueOfEveryKeyWritten) {
  for (const bool replacement : {false, true})
    for (std::uint64_t i = 0; i < 50; ++i) {
      const Episode episode = evaluation(AssociativeRetrieval({7, replacement ? 12 : 5, replacement}), i);
      EXPECT_EQ(episode.queries.size(), distinct(episode.keys).size());
      EXPECT_TRUE(std::ranges::is_sorted(episode.queries, std::less_equal{}, &Query::key) ||
                  episode.queries.size() == 1);
      for (const Query& query : episode.queries) {
        int last = -1;
        for (std::size_t t = 0; t < episode.keys.size(); ++t)
          if (episode.keys[t] == query.key) last = episode.values[t];
        EXPECT_EQ(query.target, last);
      }
    }
}

TEST(AssociativeRetrieval, QueriesKeysAndValuesAreUniform) {
  const int S = 10, episodes = 20000;
  for (const bool replacement : {false, true}) {
    const AssociativeRetrieval task({S, S, replacement});
    std::vector<int> position(S), first_key(S), last_value(S), pair(S * S), neighbours(S * S);
    for (int i = 0; i < episodes; ++i) {
      const Episode episode = training(task, i);
      if (!replacement) ++position[std::ranges::find(episode.keys, episode.queries[0].key) - episode.keys.begin()];
      ++first_key[episode.keys.front()];
      ++last_value[episode.values.back()];
      ++pair[episode.keys[3] * S + episode.values[3]];
      if (replacement) ++neighbours[episode.keys[0] * S + episode.keys[1]];
    }
    if (replacement) {
      EXPECT_LT(excess(neighbours), 5);
    } else {
      EXPECT_LT(excess(position), 5);
    }
    EXPECT_LT(excess(first_key), 5);
    EXPECT_LT(excess(last_value), 5);
    EXPECT_LT(excess(pair), 5);  // keys say nothing about values
  }
}

TEST(AssociativeRetrieval, EveryOrderOfThreeKeysIsAsLikely) {
  std::vector<int> order(27);
  for (int i = 0; i < 12000; ++i) {
    const auto keys = training(AssociativeRetrieval({3, 3, false}), i).keys;
    ++order[9 * keys[0] + 3 * keys[1] + keys[2]];
  }
  std::erase(order, 0);
  EXPECT_EQ(order.size(), 6u);
  EXPECT_LT(excess(order), 5);
}

TEST(AssociativeRetrieval, AQueryIsAPositionSoFrequentKeysAreAskedMore) {
  // The asked position is one write of its key, each of the other L − 1 is another with probability 1/S.
  const int S = 10, L = 20;
  theory::Sample writes;
  for (int i = 0; i < 10000; ++i) {
    const Episode episode = training(AssociativeRetrieval({S, L, true}), i);
    writes(static_cast<double>(std::ranges::count(episode.keys, episode.queries[0].key)));
  }
  EXPECT_NEAR(writes.mean(), 1 + (L - 1.0) / S, 4.5 * writes.standard_error());
}

TEST(AssociativeRetrieval, AnEpisodeIsAFunctionOfItsStream) {
  for (const bool replacement : {false, true}) {
    const AssociativeRetrieval task({13, 11, replacement});
    std::vector<Episode> forwards(20), backwards(20);
    Episode used{
        {1, 2, 3}, std::vector<int>(99, 5), {{1, 2}, {3, 4}}};  // what was in the episode before doesn't matter
    for (int i = 0; i < 20; ++i) forwards[i] = i % 2 ? evaluation(task, i) : training(task, i);
    for (int i = 19; i >= 0; --i) {
      Stream stream(1, i % 2 ? Purpose::evaluation : Purpose::training, i);
      i % 2 ? task.deal_evaluation(stream, used) : task.deal_training(stream, used);
      backwards[i] = used;
    }
    for (int i = 0; i < 20; ++i) EXPECT_TRUE(same(forwards[i], backwards[i])) << "episode " << i;
    EXPECT_FALSE(same(forwards[0], forwards[2]));
  }
}

TEST(AssociativeRetrieval, RefusesSizesThatHaveNoEpisode) {
  const auto error_of = [](Index S, Index L, bool replacement) -> std::string {
    try {
      AssociativeRetrieval({S, L, replacement});
    } catch (const ConfigurationError& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_EQ(error_of(0, 5, true), "S = 0: at least 1 key is needed");
  EXPECT_EQ(error_of(-4, 5, false), "S = -4: at least 1 key is needed");
  EXPECT_EQ(error_of(5, 0, true), "L = 0: at least 1 write is needed");
  EXPECT_EQ(error_of(5, 6, false), "L = 6 > S = 5: without replacement there are at most S writes");
  EXPECT_EQ(error_of(5, 6, true), "no error");
  EXPECT_EQ(error_of(5, 5, false), "no error");
}

}  // namespace
}  // namespace palimpsest
