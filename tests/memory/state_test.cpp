#include "palimpsest/memory/state.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "palimpsest/memory/rule_gates.hpp"
#include "reference/agree.hpp"
#include "reference/kernels.hpp"
#include "reference/random.hpp"
#include "reference/rounding.hpp"

namespace palimpsest {
namespace {

using M = Matrix<double>;
using V = Vector<double>;

template <class T = double, class Stored = T>
FastWeightState<T, Stored> state(std::string_view rule, std::string_view normalization, Index d_v, Index p) {
  return {make_component<Rules<T>>("rule", rule), make_component<Normalizations<T>>("normalization", normalization),
          d_v, p};
}

/// Those of the list that have a step.
std::vector<std::string> rules() {
  std::vector<std::string> all;
  Rules<double>::for_each([&]<class R>() {
    if (SteppingRule<R, double>) all.push_back(fmt::format("{}{}", R::name, TakesArgument<R> ? ":1" : ""));
  });
  return all;
}

/// The gates of a rule for the state, one per feature the same for all.
std::vector<M> gates_of(const Rules<double>::Variant& rule, const FixedGates& fixed, Index p) {
  return std::visit(
      [&]<class R>(const R&) {
        std::vector<M> gates;
        for (const Gate& gate : R::gates) {
          const auto at = fixed.find(gate.name);
          const double value = at != fixed.end() ? at->second : gate.constant ? gate.start : 1;
          gates.push_back(M::Constant(gate.per_feature ? p : 1, 1, value));
        }
        return gates;
      },
      rule);
}

const std::vector<std::string> kNormalizations = reference::names<Normalizations<double>>();

M normalized(const std::string& normalization, const M& phi, double epsilon) {
  M mapped(phi.rows(), phi.cols());
  V scale(phi.cols());
  std::visit([&](const auto& n) { n.forward(phi, mapped, scale, epsilon); },
             make_component<Normalizations<double>>("normalization", normalization));
  return mapped;
}

// Keys e1 and (e1 + e2)/2, values e1, e2, β = 1/2, by hand:
//   W = ½ [1 0; 0 0]. The second key retrieves v̄ = (¼, 0), so W += ½ (e2 − v̄) kᵀ = [−1/16 −1/16; ¼ ¼]
TEST(FastWeightState, DeltaByHand) {
  auto memory = state("delta", "none", 2, 2);
  const auto first = memory.write(V{{1, 0}}, V{{1, 0}}, {0.5});
  EXPECT_EQ(memory.W(), (M{{0.5, 0}, {0, 0}}));
  EXPECT_EQ(first.written, 0.5);
  EXPECT_EQ(first.kept, 0.5);
  const auto second = memory.write(V{{0.5, 0.5}}, V{{0, 1}}, {0.5});
  EXPECT_EQ(memory.W(), (M{{0.4375, -0.0625}, {0.25, 0.25}}));
  EXPECT_EQ(second.written, 0.25);  // β ‖k‖²
  EXPECT_EQ(second.kept, 0.75);
  EXPECT_EQ(memory.z(), (V{{1.5, 0.5}}));
  EXPECT_EQ(memory.kept().writes, 2);
  V y(2);
  memory.read(V{{2, 0}}, y);
  EXPECT_EQ(y, (V{{0.875, 0.5}}));
}

// Key (1, 1) twice with attention: z·k is 2, then 4. The second write retrieves (2·½, 0) …: W = e1 kᵀ after the first,
// v̄ = (2, 0)/2 = e1, W = e1 kᵀ + (e2 − e1) kᵀ = e2 kᵀ, read as 2/4 e2.
TEST(FastWeightState, AttentionRemovesAllAndWritesHalfOfARewrittenKey) {
  auto memory = state("delta", "attention", 2, 2);
  const V k{{1, 1}};
  memory.write(k, V{{1, 0}}, {1});
  const auto effect = memory.write(k, V{{0, 1}}, {1});
  V y(2);
  memory.read(k, y);
  // ε = 1e-6 beside z·k = 2 and 4
  EXPECT_NEAR(y(0), 0, 1e-6);
  EXPECT_NEAR(y(1), 0.5, 1e-6);
  EXPECT_NEAR(effect.written, 0.5, 1e-6);
  EXPECT_NEAR(effect.kept, 0, 1e-6);
}

TEST(FastWeightState, AWriteMixesWhatItsKeyRetrievedWithTheNewValue) {
  const Index d_v = 3, p = 5, L = 17;
  for (const auto& rule : rules())
    for (const auto& normalization : kNormalizations) {
      SCOPED_TRACE(rule + ", " + normalization);
      const M K = normalized(normalization, reference::normal(p, L, 4).cwiseAbs(), 0);
      auto memory = state(rule, normalization, d_v, p);
      for (Index t = 0; t < L; ++t) {
        const V v = reference::normal(d_v, 1, 5 + t);
        V before(d_v), after(d_v);
        memory.read(K.col(t), before);
        WriteEffect<double> effect;
        memory.write_gated(K.col(t), v,
                           gates_of(make_component<Rules<double>>("rule", rule), {{"beta", 0.6}, {"alpha", 0.8}}, p),
                           &effect);
        memory.read(K.col(t), after);
        const V mixed = effect.kept * before + effect.written * v;
        EXPECT_LT((after - mixed).norm(), 1e-12 * (1 + after.norm() + before.norm())) << t;  // rounding
      }
    }
}

// (1 − kept)/written = (1 + β)/β whatever the keys: z has grown by the time of the read, and the divisor with it.
TEST(FastWeightState, AttentionRemovesMoreThanItWrites) {
  const Index p = 7;
  for (const double beta : {0.25, 0.5, 1.0}) {
    const M K = reference::normal(p, 63, 6).cwiseAbs();
    auto memory = state("delta", "attention", 2, p);
    for (Index t = 0; t < K.cols(); ++t) {
      const auto effect = memory.write(K.col(t), V::Unit(2, t % 2), {beta});
      // ε = 1e-6 beside z·k > 0.5. The first write has nothing to remove.
      if (t > 0) {
        EXPECT_NEAR((1 - effect.kept) / effect.written, (1 + beta) / beta, 1e-4) << t;
      }
    }
  }
}

TEST(FastWeightState, NormalizedKeysAreBalanced) {
  for (const std::string normalization : {"sum", "l2", "centered_l2", "sum_of_squares"}) {
    const M K = normalized(normalization, reference::normal(7, 31, 7).cwiseAbs(), 0);
    auto memory = state("delta", normalization, 2, 7);
    for (Index t = 0; t < K.cols(); ++t) {
      const auto effect = memory.write(K.col(t), V::Unit(2, t % 2), {0.8});
      EXPECT_NEAR(1 - effect.kept, effect.written, 1e-15) << normalization;  // one rounding
      EXPECT_NEAR(effect.written, 0.8 * K.col(t).squaredNorm(), 1e-15);
    }
  }
}

TEST(FastWeightState, FloatIsDoubleRounded) {
  const Index p = 63, d_v = 5;
  const Matrix<float> K = reference::normal(p, 40, 8).cwiseAbs().cast<float>();
  auto once = state<float>("delta", "attention", d_v, p);
  auto twice = state("delta", "attention", d_v, p);
  for (Index t = 0; t < K.cols(); ++t) {
    once.write(K.col(t), Vector<float>::Unit(d_v, t % d_v), {0.5f});
    twice.write(K.col(t).cast<double>(), V::Unit(d_v, t % d_v), {0.5});
  }
  // 40 additions, each rounded to 6e-8 of a sum
  EXPECT_LT((once.W().cast<double>() - twice.W()).norm(), 40 * 6e-8 * twice.W().norm());
  EXPECT_NE(once.W().cast<double>(), twice.W());
}

using MF = Matrix<float>;
using VF = Vector<float>;

template <class P>
class ShortState : public testing::Test {
 protected:
  using State = FastWeightState<float, typename P::Stored>;
  static State state(std::string_view rule, std::string_view normalization, Index d_v, Index p) {
    return palimpsest::state<float, typename P::Stored>(rule, normalization, d_v, p);
  }
  static const reference::Format& format() {
    return P::name == reference::kBFloat16.name ? reference::kBFloat16 : reference::kFloat16;
  }
};

struct NameOf {
  template <class P>
  static std::string GetName(int) {
    return std::string(P::name);
  }
};

using Short = testing::Types<BFloat16, Float16>;
TYPED_TEST_SUITE(ShortState, Short, NameOf);

// One-hot values: an entry of the state is an entry of the key added to it, after the decay, and then rounded.
TYPED_TEST(ShortState, EveryEntryIsRoundedAfterEveryWrite) {
  for (const std::string rule : {"sum", "decay"}) {
    const Index d_v = 3, p = 63, L = 500;
    const float alpha = rule == "decay" ? 0.9f : 1.f;
    const MF K = reference::normal(p, L, 9).cast<float>();
    auto memory = this->state(rule, "none", d_v, p);
    MF W = MF::Zero(d_v, p);
    VF z = VF::Zero(p);
    for (Index t = 0; t < L; ++t) {
      memory.write(K.col(t), VF::Unit(d_v, t % d_v),
                   rule == "decay" ? std::vector<float>{alpha} : std::vector<float>{});
      for (Index j = 0; j < p; ++j) {
        z(j) = reference::rounded(this->format(), z(j) + K(j, t));
        for (Index i = 0; i < d_v; ++i) {
          const float kept = alpha * W(i, j);
          W(i, j) = reference::rounded(this->format(), i == t % d_v ? kept + K(j, t) : kept);
        }
      }
      // Bit by bit: with one-hot values no sum is in another order, and no product is added before it is rounded.
      ASSERT_EQ(memory.W(), W) << rule << ' ' << t;
      ASSERT_EQ(memory.z(), z) << rule << ' ' << t;
    }
  }
}

TYPED_TEST(ShortState, ErasesInFloatWhatItHolds) {
  const Index d_v = 5, p = 31, L = 300;
  const MF K = reference::normal(p, L, 10).cwiseAbs().cast<float>() / 8;
  auto memory = this->state("delta", "attention", d_v, p);
  for (Index t = 0; t < L; ++t) {
    const M W = memory.W().template cast<double>();
    const V z = memory.z().template cast<double>(), k = K.col(t).cast<double>();
    memory.write(K.col(t), VF::Unit(d_v, t % d_v), {0.5f});
    const V retrieved = t == 0 ? V::Zero(d_v) : V(W * k / (z.dot(k) + kReadOutEpsilon));
    const M expected = W + 0.5 * (V::Unit(d_v, t % d_v) - retrieved) * k.transpose();
    // Half a unit in the last place (of the entry, or of the smallest normal number), and what float lost before:
    // sums of 31 terms of size 1, 6e-8 each.
    const double half = std::ldexp(1.0, -this->format().bits);
    for (Index i = 0; i < expected.size(); ++i) {
      const float entry = memory.W().data()[i];
      ASSERT_EQ(entry, reference::rounded(this->format(), entry));
      const double size = std::max(std::abs(expected.data()[i]), std::ldexp(1.0, this->format().least));
      ASSERT_NEAR(entry, expected.data()[i], half * size + 1e-5) << t;
    }
  }
}

// 1 + 1 + … stands still at 2^s, s bits of significand: 2^s + 1 is halfway to the next number.
TYPED_TEST(ShortState, AnAccumulatorOfOnesStopsAtTwoToTheBits) {
  const float last = std::ldexp(1.f, this->format().bits);
  EXPECT_EQ(last, TypeParam::name == "bfloat16" ? 256 : 2048);
  auto memory = this->state("sum", "attention", 1, 1);
  for (Index t = 1; t <= 5000; ++t) {
    memory.write(VF::Ones(1), VF::Ones(1), {});
    ASSERT_EQ(memory.z()(0), std::min(static_cast<float>(t), last));
    ASSERT_EQ(memory.W()(0), std::min(static_cast<float>(t), last));
  }
}

// Of an addend c·2^e, 1 < c < 2, the sum stands still at 2^(e+s+1): there it is less than half a unit, and up to there
// it isn't. The last two powers of 2 count 2^(s−1) numbers each, of which c ≥ 1.5 leaves out half in the first.
TYPED_TEST(ShortState, AnyOtherAddendStopsBetweenOnceAndOneAndAHalfTimesAsManyWrites) {
  const double ones = std::ldexp(1.0, this->format().bits);
  for (const float c : {1.001f, 1.1f, 1.3f, 1.49f, 1.51f, 1.7f, 1.9f, 1.999f}) {
    auto memory = this->state("sum", "attention", 1, 1);
    double writes = 0;
    for (float before = -1; before != memory.z()(0); ++writes) {
      before = memory.z()(0);
      memory.write(VF::Constant(1, c / 64), VF::Ones(1), {});
    }
    --writes;  // the last one changed nothing
    EXPECT_EQ(memory.z()(0), 2 * ones / 64) << c;
    EXPECT_GE(writes, ones) << c;
    EXPECT_LE(writes, 1.5 * ones) << c;
  }
}

TYPED_TEST(ShortState, WhatIsReadIsWhatWasRounded) {
  auto memory = this->state("sum", "attention", 1, 1);
  const float k = 1.2345678f;
  const auto effect = memory.write(VF::Constant(1, k), VF::Ones(1), {});
  const float kept = reference::rounded(this->format(), k);
  VF y(1);
  memory.read(VF::Ones(1), y);
  // ε = 1e-6, and a rounding of float
  EXPECT_NEAR(y(0), 1, 2e-6);
  EXPECT_NEAR(effect.written, k / kept, 2e-6);
}

}  // namespace
}  // namespace palimpsest
