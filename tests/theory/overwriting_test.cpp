#include "palimpsest/theory/overwriting.hpp"

#include <gtest/gtest.h>

#include "palimpsest/theory/published_bound.hpp"
#include "theory/every_sequence.hpp"

namespace palimpsest::theory {
namespace {

using Sequence = std::vector<Index>;

// Loss of one query: sum rule with orthogonal keys and attention normalisation, run as a state. The accumulator of
// one-hot keys is the count of each.
double query_loss(Index S, const Sequence& keys, const Sequence& values, Index query) {
  Matrix<double> W = Matrix<double>::Zero(S, S);
  Vector<double> z = Vector<double>::Zero(S);
  Index latest = 0;
  for (std::size_t t = 0; t < keys.size(); ++t) {
    W(values[t], keys[t]) += 1;
    z[keys[t]] += 1;
    if (keys[t] == query) latest = values[t];
  }
  return 0.5 * (Vector<double>::Unit(S, latest) - W.col(query) / z[query]).squaredNorm();
}

struct Means {
  double training = 0, heap = 0, sequences = 0, published = 0;
};

// Means over all S^L sequences of keys times all S^L of values, by the definition of each distribution of queries.
Means exhaustive(Index S, Index L, Index chunk) {
  Means sum, weight;
  for_every_sequence(S, L, [&](const Sequence& keys) {
    for_every_sequence(S, L, [&](const Sequence& values) {
      for (const Index key : keys) {
        sum.training += query_loss(S, keys, values, key);
        weight.training += 1;
      }
      const Sequence distinct = present(S, keys);
      const auto D = static_cast<Index>(distinct.size());
      double mean = 0;
      for (const Index key : distinct) {
        const double loss = query_loss(S, keys, values, key);
        sum.heap += loss;
        weight.heap += 1;
        mean += loss / static_cast<double>(D);
      }
      sum.sequences += mean;
      weight.sequences += 1;
      for (Index begin = 0; begin < D; begin += chunk) {
        const Index end = std::min(begin + chunk, D);
        double chunk_mean = 0;
        for (Index i = begin; i < end; ++i)
          chunk_mean += query_loss(S, keys, values, distinct[static_cast<std::size_t>(i)]);
        sum.published += chunk_mean / static_cast<double>(end - begin);
        weight.published += 1;
      }
    });
  });
  return {sum.training / weight.training, sum.heap / weight.heap, sum.sequences / weight.sequences,
          sum.published / weight.published};
}

TEST(Overwriting, AgreesWithEverySequence) {
  for (const auto& [S, L] : {std::pair<Index, Index>{1, 3}, {2, 1}, {2, 4}, {2, 6}, {3, 3}, {3, 4}, {4, 3}, {5, 2}}) {
    const Means expected = exhaustive(S, L, 2);
    EXPECT_NEAR(overwriting_training_loss(S, L), expected.training, 1e-12) << S << " " << L;
    EXPECT_NEAR(overwriting_evaluation_loss(S, L), expected.heap, 1e-12) << S << " " << L;
    EXPECT_NEAR(overwriting_evaluation_loss(S, L, equal_queries), expected.heap, 1e-12) << S << " " << L;
    EXPECT_NEAR(overwriting_evaluation_loss(S, L, equal_sequences), expected.sequences, 1e-12) << S << " " << L;
    const auto chunks_of_two = [](Index D) { return static_cast<double>(published_chunks(D, 2)); };
    EXPECT_NEAR(overwriting_evaluation_loss(S, L, chunks_of_two), expected.published, 1e-12) << S << " " << L;
  }
}

// No answer that forgets the order does better: every multiset of values, latest uniform among them, best answer.
TEST(Overwriting, IsTheLeastLossWithoutTheOrder) {
  const Index S = 3, n = 4;
  double sum = 0, count = 0;
  for_every_sequence(S, n, [&](const Sequence& values) {
    Vector<double> mean = Vector<double>::Zero(S);
    for (const Index v : values) mean[v] += 1.0 / n;
    for (const Index latest : values) sum += 0.5 * (Vector<double>::Unit(S, latest) - mean).squaredNorm(), count += 1;
  });
  EXPECT_NEAR(overwriting_loss(1.0 / n, S), sum / count, 1e-13);
}

TEST(Overwriting, Limits) {
  EXPECT_NEAR(overwriting_training_loss(1'000'000, 2'000'000), 0.25 * (1 + std::exp(-2.0)), 1e-6);
  // O(1/S) from the limits, which are given to four digits.
  EXPECT_NEAR(overwriting_evaluation_loss(10'000, 10'000), 0.1165, 1e-4);
  EXPECT_NEAR(overwriting_evaluation_loss(10'000, 20'000), 0.2117, 1e-4);
}

TEST(Overwriting, TrainingIsTheClosedFormAtTwiceTheKeys) {
  for (const Index S : {1, 5, 20, 63}) {
    const double s = static_cast<double>(S);
    EXPECT_NEAR(overwriting_training_loss(S, 2 * S), 0.25 * (1 + std::pow(1 - 1 / s, 2 * s)) * (1 - 1 / s), 1e-14);
  }
}

TEST(Overwriting, RefusesSizesOutOfRange) {
  EXPECT_THROW(overwriting_loss(1.5, 3), ConfigurationError);
  EXPECT_THROW(overwriting_training_loss(0, 3), ConfigurationError);
  EXPECT_THROW(overwriting_evaluation_loss(3, 0), ConfigurationError);
  EXPECT_THROW(overwriting_evaluation_loss(0, 3, equal_sequences), ConfigurationError);
}

}  // namespace
}  // namespace palimpsest::theory
