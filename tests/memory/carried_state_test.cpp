// Memories that go on from the state of another read: cut anywhere, answers are those of one read; gradients are central differences
// where the state is a constant; what has no state of fixed size says so.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "palimpsest/core/archive.hpp"
#include "reference/agree.hpp"
#include "reference/dense.hpp"
#include "reference/tokens.hpp"

namespace palimpsest {
namespace {

using namespace reference;
using M = Matrix<double>;
using Memory = TokenMemory<double>;

std::vector<TokenChoice> choices_that_carry() {
  std::vector<TokenChoice> all;
  for (const auto& choice : token_choices())
    if (!choice.made<double>(5).carry_refusal()) all.push_back(choice);
  return all;
}

/// A query per write, which sees it and all before.
Tokens<double> causal(const Memory& memory, Index d, Index W, Index d_v) {
  auto x = tokens(memory, d, W, W, d_v);
  for (Index n = 0; n < W; ++n) x.seen[static_cast<std::size_t>(n)] = n + 1;
  return x;
}

Tokens<double> part(const Tokens<double>& x, Index first, Index n) {
  const auto cut = [&](const M& of) -> M { return of.middleCols(first, n); };
  Tokens<double> made{cut(x.K), cut(x.V), cut(x.logits), cut(x.Q), cut(x.dY), {}};
  for (Index i = 0; i < n; ++i) made.seen.push_back(i + 1);
  return made;
}

M read_on(Memory& memory, const Tokens<double>& x, Memory::Kept& kept, Memory::State& state) {
  M Y(x.V.rows(), x.Q.cols());
  memory.read(x.K, x.V, x.logits, x.Q, x.seen, Y, kept, &state);
  return Y;
}

TEST(CarriedState, EveryRuleOfFactorsAndMomentumHasOne) {
  std::vector<std::string> refused;
  for (const auto& choice : token_choices())
    if (choice.made<double>(5).carry_refusal())
      refused.push_back(choice.memory == "fast_weight" ? choice.rule : choice.memory);
  EXPECT_THAT(refused, testing::Each(testing::AnyOf("softmax", "window:2", "window:200", "rls", "mesa")));
  EXPECT_GT(choices_that_carry().size(), 100u);
}

TEST(CarriedState, AnswersAreThoseOfOneReadWhereverItIsCut) {
  for (const auto& choice : choices_that_carry()) {
    SCOPED_TRACE(choice.label());
    auto memory = choice.made<double>(5);
    const Index W = 135;
    const auto x = causal(memory, 5, W, 3);
    Memory::Kept kept;
    const M whole = read(memory, x, kept);
    for (const auto& cuts : {std::vector<Index>{63, 128}, {64, 65}, {1, 134}, {5, 69}}) {
      Memory::State state;
      M Y(3, W);
      Index first = 0;
      for (const Index end : {cuts[0], cuts[1], W}) {
        Y.middleCols(first, end - first) = read_on(memory, part(x, first, end - first), kept, state);
        first = end;
      }
      // As between the two sides of the engine.
      EXPECT_TRUE(agree(Y, whole, 1e-10)) << "cut at " << cuts[0] << ", " << cuts[1];
    }
  }
}

TEST(CarriedState, FromAnEmptyStateItIsARead) {
  for (const auto& choice : choices_that_carry()) {
    SCOPED_TRACE(choice.label());
    auto memory = choice.made<double>(5);
    memory.answer_from(Memory::Side::state);
    const auto x = causal(memory, 5, 67, 3);
    Memory::Kept kept, kept_on;
    Memory::State state;
    EXPECT_EQ(read_on(memory, x, kept_on, state), read(memory, x, kept));
    EXPECT_EQ(backward(memory, x, kept_on).all(), backward(memory, x, kept).all());
    EXPECT_TRUE(state.begun());
  }
}

TEST(CarriedState, GradientsAreCentralDifferencesWhereItIsAConstant) {
  for (const auto& choice : choices_that_carry()) {
    SCOPED_TRACE(choice.label());
    auto memory = choice.made<double>(3);
    const auto before = causal(memory, 3, 7, 2);
    auto x = tokens(memory, 3, 6, 4, 2);
    x.K = before.K.rightCols(6).rowwise().reverse().eval();  // keys of their own
    x.seen = {6, 1, 3, 5};
    Memory::Kept kept, unused;
    Memory::State state;
    read_on(memory, before, unused, state);
    const auto f = [&] {
      Memory::State constant = state;
      return read_on(memory, x, kept, constant).cwiseProduct(x.dY).sum();
    };
    f();
    const auto d = backward(memory, x, kept);
    const auto expect = [&](const M& gradient, M& of, const std::string& what) {
      EXPECT_TRUE(is_gradient(gradient, central_differences(f, of))) << "by " << what;
    };
    expect(d.K, x.K, "K");
    expect(d.V, x.V, "V");
    expect(d.Q, x.Q, "Q");
    expect(d.logits, x.logits, "logits");
    const auto parameters = memory.parameters();
    for (std::size_t i = 0; i < parameters.size(); ++i)
      expect(d.parameters[i], parameters[i]->value, parameters[i]->name);
  }
}

// β = ½: W = ½ v k'. Of the key (1, 0) the value is then overwritten by half, and the accumulator has seen both.
TEST(CarriedState, OverwritesByHand) {
  auto memory = TokenChoice{"fast_weight", "identity", "delta", "attention"}.made<double>(2);
  const Tokens<double> one{M{{1}, {0}}, M{{2}, {4}}, M::Zero(1, 1), M{{1}, {0}}, M::Ones(2, 1), {1}};
  const Tokens<double> two{M{{1}, {0}}, M{{6}, {0}}, M::Zero(1, 1), M{{1}, {0}}, M::Ones(2, 1), {1}};
  Memory::Kept kept;
  Memory::State state;
  EXPECT_TRUE(agree(read_on(memory, one, kept, state), M{{1}, {2}}, 2e-6));  // ε
  // Retrieved: (1, 2)/1. W ← (1, 2) + ½ ((6, 0) − (1, 2)) = (3.5, 1), divided by z·q = 2.
  EXPECT_TRUE(agree(read_on(memory, two, kept, state), M{{1.75}, {0.5}}, 2e-6));
  EXPECT_EQ(state.rule.writes, 2);
  EXPECT_EQ(state.z, (M{{2}, {0}}));
}

TEST(CarriedState, IsKeptToTheLastBit) {
  for (const auto& choice : choices_that_carry()) {
    SCOPED_TRACE(choice.label());
    auto memory = choice.made<double>(5);
    const auto x = causal(memory, 5, 9, 3);
    Memory::Kept kept;
    Memory::State state, restored;
    read_on(memory, x, kept, state);
    Archive written;
    written(state);
    const std::string bytes = written.take();
    Archive reading(bytes);
    reading(restored);
    reading.finish();
    EXPECT_EQ(read_on(memory, x, kept, restored), read_on(memory, x, kept, state));
  }
}

TEST(CarriedState, WhatHasNoneSaysWhatHas) {
  const auto refusal = [](const TokenChoice& choice) { return choice.made<double>(5).carry_refusal().value_or(""); };
  EXPECT_EQ(refusal({"softmax"}), "memory 'softmax' keeps pairs and no state of fixed size; allowed is fast_weight");
  EXPECT_EQ(refusal({"window:3"}), "memory 'window:3' keeps pairs and no state of fixed size; allowed is fast_weight");
  EXPECT_THAT(refusal({"fast_weight", "elu", "rls"}),
              testing::StartsWith("rule 'rls' can't go on from the state of another read; allowed are sum, delta, "));
  EXPECT_EQ(refusal({"fast_weight", "elu", "kda", "none"}), "");
}

}  // namespace
}  // namespace palimpsest
