// Laws of both sides, over all nine structures.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "engine/recurrence.hpp"
#include "reference/agree.hpp"
#include "reference/random.hpp"

namespace palimpsest::engine {
namespace {

using reference::agree;
using M = Matrix<double>;

// Both sides and the recurrence add the same products in other orders, up to 130 of 63 features, each bounded by 1:
// some 1e4 roundings of 1e-16, and a gradient by a decay is a difference of sums a hundred times as large.
constexpr double kInDouble = 1e-10;

/// Several ways in which N queries come after L writes; the last one looks for the borders of chunks of four.
std::vector<std::vector<Index>> positions(Index L, Index N) {
  std::vector<Index> none(N, 0), causal(N), random(N), borders(N);
  Stream stream(3, Purpose::test, static_cast<std::uint64_t>(100 * L + N));
  for (Index n = 0; n < N; ++n) {
    causal[n] = (n + 1) * L / N;
    random[n] = stream.below(static_cast<std::uint32_t>(L + 1));
    borders[n] = std::min(L, std::vector<Index>{4, 3, 5, 64, 63, 65, 0, 8, 128, 127, 129, 16, 15, 17}[n % 14]);
  }
  return {{}, none, causal, random, borders};
}

class ChunkEngine : public testing::TestWithParam<Structure> {
 protected:
  using Law = std::function<void(const Problem&)>;

  void for_all(const Law& law) const {
    for (const Index p : {1, 5, 63})
      for (const Index L : {1, 5, 7, 63, 130})
        for (const Index N : {1, 4, 67})
          for (const auto& after : positions(L, N)) {
            SCOPED_TRACE(fmt::format("p {}, L {}, N {}, first query after {}", p, L, N, after.empty() ? L : after[0]));
            law(problem({GetParam(), p, L, N}, after));
            if (HasFailure()) return;
          }
  }

  void for_some(const Law& law) const {
    for (const auto& after : positions(23, 7)) law(problem({GetParam(), 5, 23, 7}, after));
  }
};

INSTANTIATE_TEST_SUITE_P(Structures, ChunkEngine, testing::ValuesIn(structures()), test_name);

TEST_P(ChunkEngine, AnswersAndGradientsAreThoseOfTheRecurrence) {
  for_all([](const Problem& x) {
    const Answers expected = by_recurrence(x);
    const Vector<double> gradients = all(expected.gradients);
    for (const Index chunk : {Index(4), kChunk})
      for (const Answers& actual : {by_queries<double>(x, chunk), by_state<double>(x, chunk)}) {
        EXPECT_TRUE(agree(actual.Y, expected.Y, kInDouble)) << "chunk " << chunk;
        EXPECT_TRUE(agree(all(actual.gradients), gradients, kInDouble)) << "chunk " << chunk;
      }
  });
}

TEST_P(ChunkEngine, GradientsAreCentralDifferences) {
  for (const auto& after : {std::vector<Index>{}, std::vector<Index>{7, 2, 3, 5}}) {
    Problem x = problem({GetParam(), 3, 7, 4}, after);
    const Index chunk = 3;
    for (const auto side : {by_queries<double>, by_state<double>}) {
      Gradients gradients = side(x, chunk).gradients;
      const auto own = inputs(x.factors, x.V, x.Q);
      const auto analytic = inputs(gradients.factors, gradients.V, gradients.Q);
      for (std::size_t part = 0; part < own.size(); ++part) {
        const Index size = std::ssize(own[part].second);
        Vector<double> actual(size), expected(size);
        for (Index i = 0; i < size; ++i) {
          double& number = *own[part].second[i];
          const double here = number, h = 1e-5;
          const auto f = [&](double there) {
            number = there;
            return side(x, chunk).Y.cwiseProduct(x.dY).sum();
          };
          expected(i) = (f(here + h) - f(here - h)) / (2 * h);
          number = here;
          actual(i) = *analytic[part].second[i];
        }
        // h² times a third derivative of size 1 to 100, and 1e-16/h.
        EXPECT_TRUE(agree(actual, expected, 1e-6)) << own[part].first;
      }
    }
  }
}

TEST_P(ChunkEngine, FinalStateIsThatOfTheRecurrence) {
  for (const Index chunk : {Index(4), kChunk})
    for (const auto& after : positions(70, 4)) {
      const Problem x = problem({GetParam(), 5, 70, 4}, after);
      StateSide<double> side;
      StateSide<double>::Kept kept;
      M Y(3, 4), W;
      side.read(x.factors, Dense<double>{x.V}, x.Q, x.after, Y, kept, &W, chunk);
      EXPECT_TRUE(agree(W, states(x.factors, x.V).back(), kInDouble));
      EXPECT_TRUE(agree(Y, by_recurrence(x).Y, kInDouble));
    }
}

TEST_P(ChunkEngine, OneHotValuesAreTheirUnitVectors) {
  const Index S = 4;
  for (const Index chunk : {Index(4), kChunk})
    for (const auto& after : positions(23, 7)) {
      Problem x = problem({GetParam(), 5, 23, 7, S}, after);
      std::vector<int> values(23);
      x.V = M::Zero(S, 23);
      for (int t = 0; t < 23; ++t) x.V(values[t] = t * t % 7 % 4, t) = 1;
      const Answers dense = by_state<double>(x, chunk);

      StateSide<double> side;
      StateSide<double>::Kept kept;
      M Y(S, 7);
      Answers one_hot{Y, {zero_like(x.factors), dense.gradients.V, M::Zero(5, 7)}};
      const OneHot by_index{values, S};
      side.read(x.factors, by_index, x.Q, x.after, one_hot.Y, kept, nullptr, chunk);
      side.read_backward(x.factors, by_index, x.Q, x.dY, kept, one_hot.gradients.factors, one_hot.gradients.Q);
      EXPECT_TRUE(agree(one_hot.Y, dense.Y, 1e-13));  // the order of sums of 23 terms
      EXPECT_TRUE(agree(all(one_hot.gradients), all(dense.gradients), 1e-13));
    }
}

TEST_P(ChunkEngine, AQueryAsksTheEpisodeAsFarAsItSees) {
  const Index L = 23, chunk = 4;
  for (const Index r : {0, 1, 3, 4, 5, 8, 22, 23}) {
    const Problem whole = problem({GetParam(), 5, L, 1}, {r});
    Problem cut = whole;
    for (auto part : {&Factors<double>::K, &Factors<double>::log_decay, &Factors<double>::A, &Factors<double>::B})
      if ((cut.factors.*part).size() > 0) cut.factors.*part = (whole.factors.*part).leftCols(r).eval();
    for (auto part : {&Factors<double>::w, &Factors<double>::erase})
      if ((cut.factors.*part).size() > 0) cut.factors.*part = (whole.factors.*part).head(r).eval();
    cut.V = whole.V.leftCols(r).eval();
    cut.after.clear();
    for (const auto side : {by_queries<double>, by_state<double>}) {
      const Answers in_whole = side(whole, chunk), in_cut = side(cut, chunk);
      EXPECT_TRUE(agree(in_whole.Y, in_cut.Y, 1e-14)) << r;  // a chunk of other size may add in another order
      EXPECT_TRUE(agree(in_whole.gradients.Q, in_cut.gradients.Q, 1e-14)) << r;
      const auto same = [&](const M& long_one, const M& short_one) {
        if (long_one.size() == 0) return;
        M padded = M::Zero(long_one.rows(), long_one.cols());
        padded.leftCols(r) = short_one.size() == 0 ? M(long_one.rows(), 0) : short_one;
        const double scale =
            1e-13 * all(in_whole.gradients).cwiseAbs().maxCoeff();  // as above, over both sums of a decay
        EXPECT_LE((long_one - padded).cwiseAbs().maxCoeff(), scale) << r;
      };
      const Factors<double>&a = in_whole.gradients.factors, &b = in_cut.gradients.factors;
      same(a.K, b.K), same(a.log_decay, b.log_decay), same(a.A, b.A), same(a.B, b.B);
      same(a.w.transpose(), b.w.transpose()), same(a.erase.transpose(), b.erase.transpose());
      same(in_whole.gradients.V, in_cut.gradients.V);
    }
  }
}

TEST_P(ChunkEngine, ManyQueriesAreEachAskedAlone) {
  for_some([](const Problem& x) {
    for (const auto side : {by_queries<double>, by_state<double>}) {
      const Answers together = side(x, 4);
      Vector<double> sum;
      M Y = together.Y;
      M dQ = together.gradients.Q;
      for (Index n = 0; n < x.Q.cols(); ++n) {
        Problem one = x;
        one.Q = x.Q.col(n), one.dY = x.dY.col(n);
        if (!x.after.empty()) one.after = {x.after[n]};
        Answers alone = side(one, 4);
        Y.col(n) = alone.Y, dQ.col(n) = alone.gradients.Q;
        alone.gradients.Q.resize(0, 0);
        sum = n == 0 ? all(alone.gradients) : sum + all(alone.gradients);
      }
      Gradients shared = together.gradients;
      shared.Q.resize(0, 0);
      // Sums in another order; decays as for the recurrence.
      EXPECT_TRUE(agree(together.Y, Y, 1e-13));
      EXPECT_TRUE(agree(together.gradients.Q, dQ, 1e-13));
      EXPECT_TRUE(agree(all(shared), sum, 1e-12));
    }
  });
}

TEST_P(ChunkEngine, AnswersFollowTheirQueriesIntoAnyOrder) {
  const Problem x = problem({GetParam(), 5, 23, 7}, positions(23, 7)[3]);
  Problem reversed = x;
  reversed.Q = x.Q.rowwise().reverse();
  reversed.dY = x.dY.rowwise().reverse();
  std::reverse(reversed.after.begin(), reversed.after.end());
  for (const auto side : {by_queries<double>, by_state<double>}) {
    const Answers a = side(x, 4), b = side(reversed, 4);
    EXPECT_TRUE(
        agree(M(b.Y.rowwise().reverse()), a.Y, 1e-14));  // the place of a column in a product may change its sums
    EXPECT_TRUE(agree(M(b.gradients.Q.rowwise().reverse()), a.gradients.Q, 1e-14));
  }
}

TEST_P(ChunkEngine, AdjointsOfSeveralEpisodesMayComeInAnyOrder) {
  const Problem episodes[] = {problem({GetParam(), 5, 23, 7}, positions(23, 7)[3], 1),
                              problem({GetParam(), 9, 70, 3}, {}, 2),
                              problem({GetParam(), 3, 5, 9}, positions(5, 9)[2], 3)};
  QuerySide<double> queries;
  StateSide<double> state;
  QuerySide<double>::Kept by_query[3];
  StateSide<double>::Kept by_write[3];
  for (int i = 0; i < 3; ++i) {
    const Problem& x = episodes[i];
    M C(x.V.cols(), x.Q.cols()), Y(x.V.rows(), x.Q.cols());
    queries.coefficients(x.factors, x.Q, x.after, C, by_query[i], 4);
    state.read(x.factors, Dense<double>{x.V}, x.Q, x.after, Y, by_write[i], nullptr, 4);
  }
  for (const int i : {2, 0, 1, 0}) {
    const Problem& x = episodes[i];
    const auto zero = [](const M& m) { return M(M::Zero(m.rows(), m.cols())); };
    Gradients a{zero_like(x.factors), zero(x.V), zero(x.Q)}, b = a;
    queries.coefficients_backward(x.factors, x.V.transpose() * x.dY, by_query[i], a.factors, a.Q);
    state.read_backward(x.factors, Dense<double>{x.V}, x.Q, x.dY, by_write[i], b.factors, b.Q, b.V);
    Gradients alone = by_queries<double>(x, 4).gradients;
    alone.V.setZero();
    EXPECT_EQ(all(a), all(alone));
    EXPECT_EQ(all(b), all(by_state<double>(x, 4).gradients));
  }
}

TEST_P(ChunkEngine, AdjointsAddToWhatIsThere) {
  const Problem x = problem({GetParam(), 5, 23, 7}, positions(23, 7)[3]);
  QuerySide<double> queries;
  QuerySide<double>::Kept kept;
  M C(23, 7), dC = x.V.transpose() * x.dY, dQ = M::Zero(5, 7);
  queries.coefficients(x.factors, x.Q, x.after, C, kept, 4);
  Factors<double> gradient = zero_like(x.factors);
  for (int i = 0; i < 3; ++i) queries.coefficients_backward(x.factors, dC, kept, gradient, dQ);
  Gradients once = by_queries<double>(x, 4).gradients;
  once.V.setZero();
  EXPECT_TRUE(agree(all({gradient, once.V, dQ}), 3 * all(once), 1e-14));  // 3x added up, rounded twice

  StateSide<double> state;
  StateSide<double>::Kept kept_state;
  M Y(3, 7), dV = M::Zero(3, 23);
  state.read(x.factors, Dense<double>{x.V}, x.Q, x.after, Y, kept_state, nullptr, 4);
  set_zero_like(x.factors, gradient);
  dQ.setZero();
  for (int i = 0; i < 3; ++i)
    state.read_backward(x.factors, Dense<double>{x.V}, x.Q, x.dY, kept_state, gradient, dQ, dV);
  EXPECT_TRUE(agree(all({gradient, dV, dQ}), 3 * all(by_state<double>(x, 4).gradients), 1e-14));
}

TEST_P(ChunkEngine, WritesAllOfItsWindowAndNothingElse) {
  for_some([](const Problem& x) {
    reference::PoisonedWindow<double> C(23, 7), Y(3, 7);
    QuerySide<double> queries;
    QuerySide<double>::Kept kept;
    queries.coefficients(x.factors, x.Q, x.after, C.view(), kept, 4);
    StateSide<double> state;
    StateSide<double>::Kept kept_state;
    state.read(x.factors, Dense<double>{x.V}, x.Q, x.after, Y.view(), kept_state, nullptr, 4);
    EXPECT_TRUE(C.in_bounds());
    EXPECT_TRUE(Y.in_bounds());
    for (Index n = 0; n < 7; ++n) {
      const Index r = x.after.empty() ? 23 : x.after[n];
      EXPECT_TRUE((C.value().col(n).tail(23 - r).array() == 0).all());
    }
  });
}

TEST_P(ChunkEngine, GradientsOfWritesThatAQueryDoesNotSeeAreNotRead) {
  const Problem x = problem({GetParam(), 5, 23, 7}, positions(23, 7)[3]);
  M C(23, 7), dC = x.V.transpose() * x.dY, dQ = M::Zero(5, 7);
  for (Index n = 0; n < 7; ++n) dC.col(n).tail(23 - x.after[n]).setConstant(std::numeric_limits<double>::quiet_NaN());
  QuerySide<double> queries;
  QuerySide<double>::Kept kept;
  queries.coefficients(x.factors, x.Q, x.after, C, kept, 4);
  Factors<double> gradient = zero_like(x.factors);
  queries.coefficients_backward(x.factors, dC, kept, gradient, dQ);
  EXPECT_EQ(dQ, by_queries<double>(x, 4).gradients.Q);
}

TEST_P(ChunkEngine, SinglePrecisionAgreesWithDouble) {
  for (const auto& after : positions(130, 67)) {
    const Problem x = problem({GetParam(), 63, 130, 67}, after);
    const Answers expected = by_recurrence(x);
    for (const Answers& actual : {by_queries<float>(x), by_state<float>(x)}) {
      // Rounding of 6e-8 in sums of some hundred terms; a gradient by a decay is the difference of sums a few times
      // as large.
      EXPECT_TRUE(agree(actual.Y, expected.Y, 1e-5));
      EXPECT_TRUE(agree(all(actual.gradients), all(expected.gradients), 3e-5));
    }
  }
}

// Decays that forget all but the last write, and that remember for longer than the episode.

class ExtremeDecays : public testing::TestWithParam<Structure> {
 protected:
  /// 10⁴ writes; decays of 1e-6 and 1 − 1e-7 alone or, a few of the first, among the others.
  static std::vector<Problem> problems(Structure structure) {
    const Index L = 10000;
    std::vector<Problem> all;
    for (int kind = 0; kind < 3; ++kind) {
      Problem x = problem({structure, 5, L, 9, 2}, {L, 0, 1, 2, 100, 5000, 9999, 64, 65});
      for (Index t = 0; t < L; ++t)
        for (Index i = 0; i < x.factors.log_decay.rows(); ++i) {
          const bool forgets = kind == 0 || (kind == 2 && (7 * t + 13 * i) % 61 < 2);
          x.factors.log_decay(i, t) = forgets ? std::log(1e-6) : std::log1p(-1e-7);
        }
      all.push_back(std::move(x));
    }
    return all;
  }
};

std::vector<Structure> decaying() {
  std::vector<Structure> all = structures();
  std::erase_if(all, [](Structure structure) { return !structure.decays(); });
  return all;
}

INSTANTIATE_TEST_SUITE_P(Structures, ExtremeDecays, testing::ValuesIn(decaying()), test_name);

TEST_P(ExtremeDecays, AreRightOverTenThousandWrites) {
  for (const Problem& x : problems(GetParam())) {
    const Answers expected = by_recurrence(x);
    const Vector<double> gradients = all(expected.gradients);
    for (const Answers& actual : {by_queries<double>(x), by_state<double>(x)}) {
      EXPECT_TRUE(agree(actual.Y, expected.Y, kInDouble));
      EXPECT_TRUE(agree(all(actual.gradients), gradients, kInDouble));
    }
    // Rounding of 6e-8 at each of 10⁴ writes, at worst in one direction: 6e-4.
    for (const Answers& actual : {by_queries<float>(x), by_state<float>(x)}) {
      EXPECT_TRUE(agree(actual.Y, expected.Y, 1e-3));
      EXPECT_TRUE(agree(all(actual.gradients), gradients, 1e-3));
    }
  }
}

TEST_P(ExtremeDecays, OfMinusInfinityForgetEverything) {
  const double least = -std::numeric_limits<double>::infinity();
  Problem x = problem({GetParam(), 5, 70, 67}, positions(70, 67)[2]);
  for (const Index t : {0, 3, 4, 5, 17, 40, 41, 42, 63, 64}) x.factors.log_decay.col(t).setConstant(least);
  Problem finite = x;
  finite.factors.log_decay = x.factors.log_decay.cwiseMax(-700);
  const Answers expected = by_recurrence(finite);
  for (const Index chunk : {Index(4), kChunk})
    for (const Answers& actual : {by_queries<double>(x, chunk), by_state<double>(x, chunk)}) {
      EXPECT_TRUE(agree(actual.Y, expected.Y, kInDouble));
      EXPECT_TRUE(agree(all(actual.gradients), all(expected.gradients), kInDouble));
    }
  for (const Answers& actual : {by_queries<float>(x), by_state<float>(x)}) {
    EXPECT_TRUE(agree(actual.Y, expected.Y, 1e-5));  // as above
    EXPECT_TRUE(agree(all(actual.gradients), all(expected.gradients), 3e-5));
  }
}

TEST_P(ExtremeDecays, KeepTheDigitsOfWhatIsAlmostForgotten) {
  const Index L = 6;
  Problem x = problem({GetParam(), 1, L, 1, 1});
  x.factors.K.setOnes(), x.factors.w.setOnes(), x.Q.setOnes();
  x.factors.log_decay.setConstant(std::log(1e-6));
  x.factors.erase.setZero(), x.factors.A.setZero();
  for (const Index chunk : {Index(4), kChunk}) {
    QuerySide<double> side;
    QuerySide<double>::Kept kept;
    M C(L, 1);
    side.coefficients(x.factors, x.Q, {}, C, kept, chunk);
    // c_t = 1e-6^(L − 1 − t); the exponential of 30 times a rounded logarithm of 14 is good to some 1e-14.
    for (Index t = 0; t < L; ++t) EXPECT_NEAR(C(t, 0) / std::pow(1e-6, L - 1 - t), 1, 1e-13);
  }
}

// By hand. Two features, values of one number:
//   k_1 = (1, 0), v_1 = 2; k_2 = (1, 1), v_2 = 4; w = 1, D = ½, e = ½. W_1 = (2, 0). The second write finds W_1 k_2 =
//   2:
//   W_2 = ½ W_1 − ½·½·2 (1, 1) + 4 (1, 1) = (1, 0) − (½, ½) + (4, 4) = (4½, 3½).
// q = (1, 0) has y = 2 after one write and 4½ after two: c_2 = k_2·q = 1, and u = ½ (q − ½ (1, 1)) = (¼, −¼) finds
// c_1 = k_1·u = ¼ of 2. With dy = 1 for the later: dw = (c_1 v_1, c_2 v_2) = (½, 4), de_2 = −½·2·1 = −1,
// d log D_2 = what is left of W_1 = ½, dq = W_2.
TEST(ChunkEngineByHand, TwoWritesOfAGatedDeltaRule) {
  Factors<double> f;
  f.structure = {Decay::scalar, Erase::along};
  f.K.resize(2, 2);
  f.K << 1, 1, 0, 1;
  f.w = Vector<double>::Ones(2);
  f.log_decay = M::Constant(1, 2, std::log(0.5));
  f.erase = Vector<double>::Constant(2, 0.5);
  Problem x{f, M(1, 2), M(2, 2), M(1, 2), {2, 1}};
  x.V << 2, 4;
  x.Q << 1, 1, 0, 0;
  x.dY << 1, 0;
  for (const Index chunk : {1, 2})
    for (const Answers& actual : {by_queries<double>(x, chunk), by_state<double>(x, chunk), by_recurrence(x)}) {
      const Factors<double>& d = actual.gradients.factors;
      // exp(log ½) may be off by a rounding.
      EXPECT_TRUE(agree(actual.Y, Eigen::RowVector2d(4.5, 2), 1e-15));
      EXPECT_TRUE(agree(d.w, Eigen::Vector2d(0.5, 4), 1e-15));
      EXPECT_TRUE(agree(d.erase, Eigen::Vector2d(0, -1), 1e-15));
      EXPECT_TRUE(agree(d.log_decay, Eigen::RowVector2d(0, 0.5), 1e-15));
      EXPECT_TRUE(agree(actual.gradients.Q.col(0), Eigen::Vector2d(4.5, 3.5), 1e-15));
      EXPECT_TRUE(agree(actual.gradients.V, Eigen::RowVector2d(0.25, 1), 1e-15));
    }
}

TEST(ChunkEngineByHand, AnswersNothingToNobody) {
  const Problem x = problem({{Decay::diagonal, Erase::free}, 5, 7, 0});
  for (const auto side : {by_queries<double>, by_state<double>}) {
    const Answers nothing = side(x, 4);
    EXPECT_EQ(nothing.Y.cols(), 0);
    EXPECT_EQ(all(nothing.gradients).cwiseAbs().sum(), 0);
  }
}

TEST(FactorsOfWrites, FitTheirStructure) {
  for (const Structure structure : structures()) {
    Factors<double> factors = problem({structure, 5, 7, 1}).factors;
    EXPECT_TRUE(fits(factors));
    EXPECT_TRUE(fits(zero_like(factors)));
    EXPECT_EQ(zero_like(factors).structure, structure);
    factors.w.resize(6);
    EXPECT_FALSE(fits(factors));
  }
}

}  // namespace
}  // namespace palimpsest::engine
