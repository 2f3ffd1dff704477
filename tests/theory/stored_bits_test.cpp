#include "palimpsest/theory/stored_bits.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <vector>

namespace palimpsest::theory {
namespace {

constexpr double rounding = 1e-12;  // a few operations in float64 on numbers of order 1 to 100

TEST(StoredBits, PermutationsOfThreeAreSix) {
  EXPECT_NEAR(permutation_entropy(3, 3), std::log2(6.0), rounding);
  EXPECT_NEAR(permutation_entropy(5, 2), std::log2(20.0), rounding);
  EXPECT_EQ(permutation_entropy(5, 0), 0);
}

TEST(StoredBits, NothingIsUnknownWithoutErrorsAndAllOfItByGuessing) {
  EXPECT_EQ(fano_equivocation(8, 0), 0);
  EXPECT_NEAR(fano_equivocation(8, 1 - 1.0 / 8), 3, rounding);
  EXPECT_NEAR(fano_equivocation(4, 0.25), 0.811278124459133 + 0.25 * std::log2(3.0), rounding);
}

TEST(StoredBits, AreAllOfThemAtFullAccuracyAndNeverNegative) {
  EXPECT_NEAR(stored_bits(8, 8, permutation_entropy(8, 8), 1), std::log2(40320.0), 1e-10);
  EXPECT_EQ(stored_bits(8, 8, permutation_entropy(8, 8), 1.0 / 8), 0);
}

/// I(V; V̂) in bits of a joint distribution, S×S.
double mutual_information(const std::vector<double>& joint, std::size_t S) {
  std::vector<double> row(S, 0), column(S, 0);
  for (std::size_t i = 0; i < S; ++i)
    for (std::size_t j = 0; j < S; ++j) {
      row[i] += joint[i * S + j];
      column[j] += joint[i * S + j];
    }
  double information = 0;
  for (std::size_t i = 0; i < S; ++i)
    for (std::size_t j = 0; j < S; ++j)
      if (const double p = joint[i * S + j]; p > 0) information += p * std::log2(p / (row[i] * column[j]));
  return information;
}

TEST(StoredBits, OneUniformValueIsBoundedByTheInformationOfItsConfusion) {
  constexpr std::size_t S = 5;
  for (const double accuracy : {0.25, 0.5, 0.9, 1.0}) {
    // Errors all go to one other value, or to all others alike; the bound is attained by the second.
    std::vector<double> one(S * S, 0), alike(S * S, (1 - accuracy) / (S * (S - 1.0)));
    for (std::size_t i = 0; i < S; ++i) {
      one[i * S + i] = alike[i * S + i] = accuracy / S;
      one[i * S + (i + 1) % S] = (1 - accuracy) / S;
    }
    const double bound = stored_bits(S, 1, std::log2(double{S}), accuracy);
    EXPECT_LE(bound, mutual_information(one, S) + rounding);
    EXPECT_NEAR(bound, mutual_information(alike, S), rounding);
  }
}

TEST(StoredBits, ValuesOutOfRangeAreErrors) {
  EXPECT_THROW(permutation_entropy(3, 4), ConfigurationError);
  EXPECT_THROW(fano_equivocation(0, 0.5), ConfigurationError);
  EXPECT_THROW(fano_equivocation(3, 1.5), ConfigurationError);
}

}  // namespace
}  // namespace palimpsest::theory
