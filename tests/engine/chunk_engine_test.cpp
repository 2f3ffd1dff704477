// Laws of both sides, over all nine structures.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <limits>

#include "engine/recurrence.hpp"
#include "reference/agree.hpp"
#include "reference/random.hpp"

namespace palimpsest::engine {
namespace {

using reference::agree;
using M = Matrix<double>;

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
    const M state = reference::normal(3, 3, 78);
    const std::pair<Answers (*)(const Problem&, Index), M> sides[] = {
        {by_queries<double>, M()}, {by_state<double>, M()}, {by_state<double>, state}};
    for (const auto& [side, W] : sides) {
      x.W = W;
      const auto answers = side;
      Gradients gradients = answers(x, chunk).gradients;
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
            return answers(x, chunk).Y.cwiseProduct(x.dY).sum();
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
      side.read(x.factors, Dense<double>{x.V}, x.Q, x.after, Y, kept, {.last = &W}, chunk);
      EXPECT_TRUE(agree(W, states(x.factors, x.V).back(), kInDouble));
      EXPECT_TRUE(agree(Y, by_recurrence(x).Y, kInDouble));
    }
}

// Cut at the borders of chunks, within them, and one write before the end. A query at the cut is asked of both parts: behind it,
// it sees no write but the state.
TEST_P(ChunkEngine, GoesOnFromAStateAsIfNothingHadBeenCut) {
  const Index L = 70;
  for (const Index chunk : {Index(4), kChunk})
    for (const Index cut : {1, 3, 4, 63, 64, 65, 69})
      for (const auto& after : positions(L, 9)) {
        const Problem x = problem({GetParam(), 5, L, 9}, after);
        StateSide<double> side;
        StateSide<double>::Kept kept;
        M W;
        const auto part = [&](Index first, Index n) {
          Factors<double> f;
          f.resize(GetParam(), 5, n);
          for (auto of : {&Factors<double>::K, &Factors<double>::log_decay, &Factors<double>::A, &Factors<double>::B})
            if ((f.*of).size() > 0) f.*of = (x.factors.*of).middleCols(first, n);
          for (auto of : {&Factors<double>::w, &Factors<double>::erase})
            if ((f.*of).size() > 0) f.*of = (x.factors.*of).segment(first, n);
          return f;
        };
        const auto expected = states(x.factors, x.V);
        for (const Index first : {Index(0), cut}) {
          const Index n = first == 0 ? cut : L - cut;
          std::vector<Index> asked, seen;
          for (Index i = 0; i < 9; ++i) {
            const Index r = (x.after.empty() ? L : x.after[i]) - first;
            if (r < 0 || r > n) continue;
            asked.push_back(i), seen.push_back(r);
          }
          if (asked.empty()) asked = {0}, seen = {0};  // somebody asks
          const M Q = x.Q(Eigen::all, asked), V = x.V.middleCols(first, n);
          M Y(3, std::ssize(asked));
          side.read(part(first, n), Dense<double>{V}, Q, seen, Y, kept, {first > 0 ? &W : nullptr, &W}, chunk);
          for (Index i = 0; i < Q.cols(); ++i)
            EXPECT_TRUE(agree(M(Y.col(i)), M(expected[first + seen[i]] * Q.col(i)), kInDouble)) << "cut at " << cut;
          EXPECT_TRUE(agree(W, expected[first + n], kInDouble)) << "cut at " << cut;
        }
      }
}

TEST_P(ChunkEngine, AnswersAndGradientsFromAStateAreThoseOfTheRecurrence) {
  for (const Index L : {1, 5, 63, 130})
    for (const auto& after : positions(L, 7)) {
      Problem x = problem({GetParam(), 5, L, 7}, after);
      x.W = reference::normal(3, 5, 77);
      const Answers expected = by_recurrence(x);
      for (const Index chunk : {Index(4), kChunk}) {
        const Answers actual = by_state<double>(x, chunk);
        EXPECT_TRUE(agree(actual.Y, expected.Y, kInDouble)) << "chunk " << chunk;
        EXPECT_TRUE(agree(all(actual.gradients), all(expected.gradients), kInDouble)) << "chunk " << chunk;
      }
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
      side.read(x.factors, by_index, x.Q, x.after, one_hot.Y, kept, {}, chunk);
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
    state.read(x.factors, Dense<double>{x.V}, x.Q, x.after, Y, by_write[i], {}, 4);
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
  state.read(x.factors, Dense<double>{x.V}, x.Q, x.after, Y, kept_state, {}, 4);
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
    state.read(x.factors, Dense<double>{x.V}, x.Q, x.after, Y.view(), kept_state, {}, 4);
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

}  // namespace
}  // namespace palimpsest::engine
