// The state of every rule, carried write by write: what the memory answers from the queries' side, and what the plain recurrence
// of tests/reference/ says, after every write. Rules that carry themselves (rule/carried.hpp) have an example by hand each.
#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "pair/fast_weights.hpp"
#include "pair/scene.hpp"
#include "palimpsest/memory/state.hpp"
#include "palimpsest/pair/fast_weight.hpp"
#include "reference/agree.hpp"
#include "reference/kernels.hpp"
#include "reference/rounding.hpp"

namespace palimpsest {
namespace {

using M = Matrix<double>;
using V = Vector<double>;
using reference::agree;
using namespace pair_test;

using RuleVariant = Rules<double>::Variant;

/// λ of rls as the recurrence has it: with 1e-6 what is compared would be rounding divided by it.
RuleVariant made(const std::string& name) {
  for (auto rule : all_of<Rules<double>>()) {
    std::visit(
        [](auto& own) {
          if constexpr (requires { own.ridge; }) own.ridge = reference::kRidge;
        },
        rule);
    if (std::visit([&](const auto& own) { return own.name == name; }, rule)) return rule;
  }
  throw std::logic_error("no rule " + name);
}

/// Of the rule of a name.
class CarriedState : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(, CarriedState, testing::ValuesIn(reference::names<Rules<double>>()), reference::test_name);

/// Gates of one write in the order of the rule's list; a number stands for all features.
template <class T = double>
std::vector<Matrix<T>> ordered(const RuleVariant& rule, const reference::Gates& gates, Index p) {
  std::vector<Matrix<T>> all;
  for (const Gate& gate : gates_of(rule)) {
    const V& own = gates.at(std::string(gate.name));
    all.push_back((gate.per_feature && own.size() == 1 ? V(V::Constant(p, own(0))) : own).template cast<T>());
  }
  return all;
}

// Sums of the same L·p terms in another order, amplified by what erases or is solved, at most by 1/λ = 10.
constexpr double kAgreement = 1e-10;

TEST_P(CarriedState, AnswersAreTheMemorysAndTheRecurrencesAfterEveryWrite) {
  const Index d = 5, S = 7, L = 13;
  const RuleVariant rule = made(GetParam());
  const Index n = std::visit([](const auto& own) { return own.steps_per_write(); }, rule);
  const auto gates = gates_of(rule);
  int compared = 0;
  for (const auto& normalization : all_of<Normalizations<double>>()) {
    if (traits_of(normalization).accumulates && !traits_of(rule).refuses_divisor.empty()) continue;  // has no meaning
    const std::string divided_by = specification(normalization);
    for (const bool with_values : {true, false}) {
      SCOPED_TRACE(divided_by + (with_values ? ", keys depend on values" : ""));
      FastWeight<double> memory(Elu<double>(), rule, normalization, d);
      ++compared;
      std::vector<int> columns;
      std::vector<Index> seen;
      for (Index r = 0; r <= L; ++r)
        for (int key = 0; key < S; ++key) {
          columns.push_back(key);
          seen.push_back(r);
        }
      auto scene = with_gates(pair_test::scene(d, S, L, with_values, {columns}), n, d, {gates.begin(), gates.end()});
      M expected(S, std::ssize(columns));
      memory.begin(scene.tables);
      pair_test::read(memory, scene.episodes[0], {columns, seen}, expected);

      scene.columns = {{0, 1, 2, 3, 4, 5, 6}};
      const auto sequence = pair_test::sequence(scene, 0);
      const M phi = reference::features(Elu<double>(), sequence.keys),
              queries = reference::features(Elu<double>(), sequence.queries);
      FastWeightState<double> state(rule, normalization, S, d);
      reference::State recurrence(GetParam(), divided_by, S, d);
      for (Index r = 0; r <= L; ++r) {
        M carried(S, S), plain(S, S);
        for (Index i = 0; i < S; ++i) {
          state.read(reference::normalized(divided_by, queries.col(i), kReadOutEpsilon), carried.col(i));
          plain.col(i) = r == 0 ? V(V::Zero(S)) : recurrence.read(queries.col(i));
        }
        EXPECT_TRUE(agree(carried, expected.middleCols(r * S, S), kAgreement)) << "after " << r;
        EXPECT_TRUE(agree(carried, plain, kAgreement)) << "after " << r;
        for (Index t = n * r; r < L && t < n * (r + 1); ++t) {
          const auto& own = sequence.gates[static_cast<std::size_t>(t)];
          state.write_gated(reference::normalized(divided_by, phi.col(t), 0), sequence.V.col(t), ordered(rule, own, d));
          recurrence.write(phi.col(t), sequence.V.col(t), own);
        }
      }
    }
  }
  EXPECT_GE(compared, 2);
}

/// Runs a rule over writes with gates of its own, keys as long as 1, in a format.
template <class T, class Stored, class F>
void carry(const std::string& name, Index p, Index d_v, Index L, F&& after_each) {
  const RuleVariant rule = made(name);
  FastWeightState<T, Stored> state(make_component<Rules<T>>("rule", specification(rule)), NoNormalization<T>(), d_v, p);
  const M K = reference::normal(p, L, 80).colwise().normalized();
  for (Index t = 0; t < L; ++t) {
    reference::Gates gates;
    for (const Gate& gate : gates_of(rule))
      gates[std::string(gate.name)] =
          0.3 + 0.5 * reference::normal(gate.per_feature ? p : 1, 1, 81).cwiseAbs().cwiseMin(1).col(0).array();
    state.write_gated(K.col(t).cast<T>(), Vector<T>::Unit(d_v, t % d_v), ordered<T>(rule, gates, p));
    after_each(state);
  }
}

TEST_P(CarriedState, InFloatIsTheDoubleOneRounded) {
  std::vector<M> in_double;
  carry<double, double>(GetParam(), 9, 5, 40, [&](auto& state) { in_double.push_back(state.W()); });
  std::size_t t = 0;
  carry<float, float>(GetParam(), 9, 5, 40, [&](auto& state) {
    // 40 writes that each round 6e-8 of an entry. rls has λ = 1e-6 here, and is solved only once 9 keys span the space.
    if (const M& W = in_double[t++]; t > 20) {
      EXPECT_LT((state.W().template cast<double>() - W).norm(), 1e-4 * W.norm()) << t;
    }
  });
}

TEST_P(CarriedState, InFewBitsKeepsNothingBeyondThem) {
  const auto holds = [](const reference::Format& format, const Matrix<float>& entries) {
    for (const float entry : entries.reshaped())
      if (entry != reference::rounded(format, entry)) return false;
    return true;
  };
  carry<float, Eigen::bfloat16>(GetParam(), 9, 5, 40, [&](auto& state) {
    EXPECT_TRUE(holds(reference::kBFloat16, state.kept().values) && holds(reference::kBFloat16, state.kept().more));
    EXPECT_TRUE(holds(reference::kBFloat16, state.z()));
    EXPECT_FALSE(state.kept().values.isZero());
  });
  carry<float, Eigen::half>(GetParam(), 9, 5, 40, [&](auto& state) {
    EXPECT_TRUE(holds(reference::kFloat16, state.kept().values) && holds(reference::kFloat16, state.kept().more));
  });
}

M gate(double value) { return M::Constant(1, 1, value); }

/// Writes, and what that did to the answer to its own key.
WriteEffect<double> written(FastWeightState<double>& state, const V& k, const V& v, const std::vector<M>& gates) {
  WriteEffect<double> effect;
  state.write_gated(k, v, gates, &effect);
  return effect;
}

// θ = α = η = ½. k = (1, 0), v = 2: M = ½·2 (1, 0) = W. Then k = (1, 1), v = 4 finds W k = 1, an error of 3:
//   M = ½ (1, 0) + ½·3 (1, 1) = (2, 1½),  W = ½ (1, 0) + M = (2½, 1½).
// The key retrieved 1 and retrieves 4: kept = ½ − ½·2 of 1, written = ½·2 of 4, and η M k = ½.
TEST(CarriedStateByHand, MomentumDelta) {
  FastWeightState<double> state(MomentumDeltaRule<double>(), NoNormalization<double>(), 1, 2);
  const std::vector<M> gates(3, gate(0.5));
  written(state, V{{1, 0}}, V{{2}}, gates);
  EXPECT_EQ(state.W(), (M{{1, 0}}));
  const auto effect = written(state, V{{1, 1}}, V{{4}}, gates);
  EXPECT_EQ(state.W(), (M{{2.5, 1.5}}));
  EXPECT_EQ(state.kept().more, (M{{2, 1.5}}));
  EXPECT_EQ(effect.kept, -0.5);
  EXPECT_EQ(effect.written, 1);
  V y(1);
  state.read(V{{1, 1}}, y);
  EXPECT_EQ(y(0), effect.kept * 1 + effect.written * 4 + 0.5);
}

// β = 1. k = (3, 0), v = e1: W = [3 0; 0 0], and its norm stays. Then k = (0, 4), v = e2 finds 0: [3 0; 0 4], of norm 5.
// q = (1, 0) has W q = (0.6, 0), its mean 0.3 taken away (0.3, −0.3), divided by √(0.09 + 1e-5).
TEST(CarriedStateByHand, Fwm2021) {
  FastWeightState<double> state(Fwm2021Rule<double>(), NoNormalization<double>(), 2, 2);
  written(state, V{{3, 0}}, V{{1, 0}}, {gate(1)});
  EXPECT_EQ(state.W(), (M{{3, 0}, {0, 0}}));
  const auto effect = written(state, V{{0, 4}}, V{{0, 1}}, {gate(1)});
  EXPECT_TRUE(agree(state.W(), M{{0.6, 0}, {0, 0.8}}, 1e-15));
  EXPECT_DOUBLE_EQ(effect.written, 16.0 / 5);
  EXPECT_DOUBLE_EQ(effect.kept, (1 - 16.0) / 5);
  V y(2);
  state.read(V{{1, 0}}, y);
  EXPECT_NEAR(y(0), 0.3 / std::sqrt(0.09001), 1e-15);
  EXPECT_EQ(y(1), -y(0));
}

// λ = 1. k = (1, 0), v = 1: H = (1, 0), G + Λ = diag(2, 1), W = (½, 0). The same key with v = 4: H = (5, 0), diag(3, 1),
// W = (5/3, 0). s goes from ½ to 1/3, so that a third is written of 4 and two thirds are kept of ½.
TEST(CarriedStateByHand, RecursiveLeastSquares) {
  RecursiveLeastSquares<double> rule;
  rule.ridge = 1;
  FastWeightState<double> state(rule, NoNormalization<double>(), 1, 2);
  written(state, V{{1, 0}}, V{{1}}, {});
  EXPECT_TRUE(agree(state.W(), M{{0.5, 0}}, 1e-15));
  const auto effect = written(state, V{{1, 0}}, V{{4}}, {});
  EXPECT_TRUE(agree(state.W(), M{{5.0 / 3, 0}}, 1e-15));
  EXPECT_EQ(state.kept().values, (M{{5, 0}}));
  EXPECT_EQ(state.kept().more, (M{{2, 0}, {0, 0}}));
  EXPECT_DOUBLE_EQ(effect.written, 1.0 / 3);
  EXPECT_DOUBLE_EQ(effect.kept, 2.0 / 3);
}

// α = β = ½, Λ = 1. k = (1, 0), v = 2: H = 1, G = ½, W = 1/1½ = 2/3. The same key with v = 4: H = ½ + 2, G = ¼ + ½, W = 2½/1¾ =
// 10/7. s goes from 2/3 to 4/7: written = ½·4/7, kept = ½·(4/7)/(2/3) = 3/7, and 3/7·2/3 + 2/7·4 = 10/7.
TEST(CarriedStateByHand, Mesa) {
  FastWeightState<double> state(MesaRule<double>(), NoNormalization<double>(), 1, 2);
  const std::vector<M> gates{gate(0.5), gate(0.5), M::Ones(2, 1)};
  written(state, V{{1, 0}}, V{{2}}, gates);
  EXPECT_TRUE(agree(state.W(), M{{2.0 / 3, 0}}, 1e-15));
  const auto effect = written(state, V{{1, 0}}, V{{4}}, gates);
  EXPECT_TRUE(agree(state.W(), M{{10.0 / 7, 0}}, 1e-15));
  EXPECT_DOUBLE_EQ(effect.written, 2.0 / 7);
  EXPECT_DOUBLE_EQ(effect.kept, 3.0 / 7);
}

// With a decay too both shares are exact as long as one key is all there is, and without one whatever the keys are.
TEST(CarriedStateByHand, LeastSquaresMixWhatTheirKeyRetrievedWithTheNewValue) {
  const Index p = 5, d_v = 3;
  for (const double alpha : {1.0, 0.8}) {
    FastWeightState<double> state(MesaRule<double>(), NoNormalization<double>(), d_v, p);
    const M K = reference::normal(p, 17, 82);
    for (Index t = 0; t < K.cols(); ++t) {
      const V k = K.col(alpha < 1 ? 0 : t), v = reference::normal(d_v, 1, 83 + t);
      V before(d_v), after(d_v);
      state.read(k, before);
      const auto effect = written(state, k, v, {gate(0.7), gate(alpha), M::Constant(p, 1, 0.4)});
      state.read(k, after);
      EXPECT_TRUE(agree(after, effect.kept * before + effect.written * v, 1e-12)) << t;  // rounding, by 1/λ at most
    }
  }
}

}  // namespace
}  // namespace palimpsest
