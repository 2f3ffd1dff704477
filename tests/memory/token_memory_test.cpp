// A memory of tokens by hand, from both sides, cut, read twice, in windows and in single precision; its gradients are central
// differences. tests/pair/token_equality_test.cpp has what it shares with memories of pairs.
#include "palimpsest/memory/token_memory.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "reference/agree.hpp"
#include "reference/dense.hpp"
#include "reference/tokens.hpp"

namespace palimpsest {
namespace {

using namespace reference;
using M = Matrix<double>;
using Memory = TokenMemory<double>;

// β = ½:  W₁ = ½ v₁ k₁ᵀ = [1 0; 2 0],  W₂ = W₁ + ½ ((3, 0) − (1, 2)) (1, 1) = [2 1; 1 −1]. From the query's side (1, 2) finds
// c₂ = ½·3, goes on as (1, 2) − 3/2 (1, 1) and finds c₁ = −¼.
TEST(TokenMemory, OverwritesDenseValuesByHand) {
  for (const auto side : {Memory::Side::state, Memory::Side::query}) {
    auto memory = TokenChoice{"fast_weight", "identity", "delta"}.made<double>(2);
    memory.answer_from(side);
    const Tokens<double> x{M{{1, 1}, {0, 1}},       M{{2, 3}, {4, 0}},       M::Zero(1, 2),
                           M{{1, 1, 1}, {2, 2, 2}}, M{{0, 1, 0}, {0, 0, 0}}, {1, 2, 0}};
    Memory::Kept kept;
    EXPECT_TRUE(agree(read(memory, x, kept), M{{1, 4, 0}, {2, -1, 0}}, 1e-15));
    EXPECT_TRUE(agree(backward(memory, x, kept).V, M{{-0.25, 1.5}, {0, 0}}, 1e-15));
  }
}

// Of keys 0, 0, log 3 and the query 1 the last two weigh ¼ and ¾, the first two ½ each.
TEST(TokenMemory, AttendsToTheLastTwoByHand) {
  auto memory = TokenChoice{"window:2"}.made<double>(1);
  const Tokens<double> x{M{{0, 0, std::log(3)}}, M{{8, 4, 0}}, M(0, 3), M::Ones(1, 4), M{{0, 0, 0, 1}}, {1, 2, 0, 3}};
  Memory::Kept kept;
  EXPECT_TRUE(agree(read(memory, x, kept), M{{8, 6, 0, 1}}, 1e-15));
  // dc = (4, 0) less its mean of 1, weighed
  const auto d = backward(memory, x, kept);
  EXPECT_TRUE(agree(d.V, M{{0, 0.25, 0.75}}, 1e-15));
  EXPECT_TRUE(agree(d.K, M{{0, 0.75, -0.75}}, 1e-15));
}

TEST(TokenMemory, SoftmaxIsStableForLongKeys) {
  auto memory = TokenChoice{"softmax"}.made<double>(1);
  const Tokens<double> x{M{{1000, -1000, 1000}}, M{{1, 2, 3}}, M(0, 3), M{{1, -1, 1}}, M::Ones(1, 3), {3, 3, 1}};
  Memory::Kept kept;
  EXPECT_TRUE(agree(read(memory, x, kept), M{{2, 2, 1}}, 1e-15));
  EXPECT_TRUE(backward(memory, x, kept).all().allFinite());
}

TEST(TokenMemory, SaysWhatItNeeds) {
  const auto delta = TokenChoice{"fast_weight", "elu", "delta", "attention"}.made<double>(5);
  ASSERT_EQ(delta.gates().size(), 1u);
  EXPECT_EQ(delta.gates()[0].name, "beta");
  EXPECT_EQ(delta.gates()[0].start, 0);
  EXPECT_EQ(delta.gate_rows(), 1);
  EXPECT_EQ(delta.state_floats(3, 100), 5 * 3 + 5);
  auto gla = TokenChoice{"fast_weight", "dpfp:1", "gla"}.made<double>(5);
  EXPECT_EQ(gla.feature_dim(), 10);
  EXPECT_EQ(gla.gate_rows(), 10);
  EXPECT_EQ(gla.gates()[0].start, 6);
  auto mesa = TokenChoice{"fast_weight", "elu", "mesa"}.made<double>(5);
  EXPECT_EQ(mesa.gate_rows(), 2);
  ASSERT_EQ(mesa.parameters().size(), 1u);
  EXPECT_EQ(mesa.state_floats(3, 100), 5 * 3 + 25);
  EXPECT_EQ(TokenChoice({"fast_weight", "elu", "momentum_delta"}).made<double>(5).state_floats(3, 100), 2 * 5 * 3);
  EXPECT_EQ(TokenChoice({"fast_weight", "elu", "delta_product:3"}).made<double>(5).steps_per_write(), 3);
  const auto softmax = TokenChoice{"softmax"}.made<double>(5);
  EXPECT_EQ(softmax.feature_dim(), 0);
  EXPECT_EQ(softmax.gate_rows(), 0);
  EXPECT_EQ(softmax.state_floats(3, 100), (5 + 3) * 100);
  EXPECT_EQ(TokenChoice{"window:7"}.made<double>(5).state_floats(3, 100), (5 + 3) * 7);
}

TEST(TokenMemory, FixedGatesAreNotLearnt) {
  auto options = TokenChoice{"fast_weight", "identity", "gated_delta"}.options(2);
  options.beta = "0.5";
  options.alpha = "1";
  Memory memory("fast_weight", options);
  memory.start();
  EXPECT_EQ(memory.gate_rows(), 0);
  const Tokens<double> x{M{{1, 1}, {0, 1}}, M{{2, 3}, {4, 0}}, M(0, 2), M{{1}, {2}}, M::Ones(2, 1), {2}};
  Memory::Kept kept;
  EXPECT_TRUE(agree(read(memory, x, kept), M{{4}, {-1}}, 1e-15));
}

TEST(TokenMemory, BetaReachesAsFarAsTheOptionsSay) {
  auto options = TokenChoice{"fast_weight", "identity", "delta"}.options(1);
  options.largest_beta = 2;
  Memory memory("fast_weight", options);
  const Tokens<double> x{M{{1}}, M{{3}}, M{{0}}, M{{1}}, M{{1}}, {1}};
  Memory::Kept kept;
  EXPECT_TRUE(agree(read(memory, x, kept), M{{3}}, 1e-15));               // β = 2 σ(0)
  EXPECT_TRUE(agree(backward(memory, x, kept).logits, M{{1.5}}, 1e-15));  // 3 · 2 σ(0) (1 − σ(0))
}

TEST(TokenMemory, RefusesWhatHasNoMeaning) {
  const auto refused = [](const TokenChoice& choice) {
    try {
      const Memory memory(choice.memory, choice.options(5));
      return memory.refusal().value_or("");
    } catch (const ConfigurationError& error) {
      return std::string(error.what());
    }
  };
  EXPECT_EQ(refused({}), "");
  EXPECT_EQ(refused({"soft"}), "unknown memory 'soft'; known: fast_weight, softmax, window:w");
  EXPECT_EQ(refused({"window:0"}), "memory 'window:0': w must be at least 1");
  EXPECT_NE(refused({"fast_weight", "gauss"}).find("unknown kernel 'gauss'"), std::string::npos);
  EXPECT_NE(refused({"fast_weight", "elu", "fwm2021"}).find("rule 'fwm2021' isn't linear in the values"),
            std::string::npos);
  EXPECT_NE(refused({"fast_weight", "elu", "mesa", "attention"}).find("solved for its read-out"), std::string::npos);
  EXPECT_NE(refused({"fast_weight", "identity", "sum", "sum"}).find("may make zero or negative"), std::string::npos);
}

// Products in another order: rounding. Keys divided by sums of features near 0 make it larger.
TEST(TokenMemory, BothSidesAgree) {
  for (const auto& choice : token_choices()) {
    if (!has_sides(choice)) continue;
    for (const Index W : {1, 5, 63, 130}) {
      if (W == 63 && choice.kernel != "elu") continue;
      SCOPED_TRACE(choice.label() + " " + std::to_string(W));
      auto memory = choice.made<double>(5);
      const auto x = tokens(memory, 5, W, 9, 3);
      Memory::Kept from_state, from_queries;
      memory.answer_from(Memory::Side::state);
      const M Y = read(memory, x, from_state);
      memory.answer_from(Memory::Side::query);
      EXPECT_TRUE(agree(read(memory, x, from_queries), Y, 1e-9));
      EXPECT_TRUE(Y.col(1).isZero(0));
      // Each keeps from which side it was read.
      EXPECT_TRUE(agree(backward(memory, x, from_queries).all(), backward(memory, x, from_state).all(), 1e-9));
    }
  }
}

TEST(TokenMemory, CausalLayersAreAnsweredFromTheState) {
  auto memory = TokenChoice{"fast_weight", "elu", "delta"}.made<double>(16);
  Memory::Kept kept;
  auto x = tokens(memory, 16, 256, 256, 16);
  for (Index n = 0; n < 256; ++n) x.seen[n] = n + 1;
  read(memory, x, kept);
  EXPECT_TRUE(std::get<0>(kept.of).from_state);
  x = tokens(memory, 16, 256, 1, 16);
  read(memory, x, kept);
  EXPECT_FALSE(std::get<0>(kept.of).from_state);
}

TEST(TokenMemory, AQueryThatSeesSomeWritesAsksTheCutSequence) {
  for (const auto& choice : token_choices()) {
    if (choice.kernel != "elu") continue;
    SCOPED_TRACE(choice.label());
    auto memory = choice.made<double>(5);
    for (const auto& [W, N] : {std::pair<Index, Index>{11, 5}, {70, 3}}) {
      const auto x = tokens(memory, 5, W, N, 3);
      Memory::Kept kept;
      const M Y = read(memory, x, kept);
      const auto d = backward(memory, x, kept);
      TokenGradients<double> sum = d;
      for (auto* part : {&sum.K, &sum.V, &sum.logits, &sum.Q}) part->setZero();
      for (auto& part : sum.parameters) part.setZero();
      for (Index n = 0; n < N; ++n) {
        const Index r = x.seen[n];
        const Tokens<double> cut{x.K.leftCols(r), x.V.leftCols(r), x.logits.leftCols(r), x.Q.col(n), x.dY.col(n), {r}};
        const M y = read(memory, cut, kept);
        EXPECT_TRUE((Y.col(n) - y).cwiseAbs().maxCoeff() <= 1e-7 * (1 + y.cwiseAbs().maxCoeff())) << "query " << n;
        const auto part = backward(memory, cut, kept);
        sum.K.leftCols(r) += part.K;
        sum.V.leftCols(r) += part.V;
        sum.logits.leftCols(r) += part.logits;
        sum.Q.col(n) += part.Q;
        for (std::size_t i = 0; i < sum.parameters.size(); ++i) sum.parameters[i] += part.parameters[i];
      }
      EXPECT_TRUE(agree(d.all(), sum.all(), choice.rule == "rls" ? 1e-6 : 1e-9));  // condition of K Kᵀ + 1e-6
    }
  }
}

TEST(TokenMemory, ReadsAndAdjointsComeInAnyOrder) {
  for (const auto& choice : token_choices()) {
    SCOPED_TRACE(choice.label());
    auto memory = choice.made<double>(5);
    const auto one = tokens(memory, 5, 70, 4, 3);
    auto two = tokens(memory, 5, 9, 6, 2);
    two.K *= 0.5;
    Memory::Kept kept, kept_one, kept_two;
    const M Y_one = read(memory, one, kept);
    const M d_one = backward(memory, one, kept).all();
    const M Y_two = read(memory, two, kept);
    const M d_two = backward(memory, two, kept).all();
    for (const bool first : {true, false}) {
      EXPECT_EQ(read(memory, one, kept_one), Y_one);
      EXPECT_EQ(read(memory, two, kept_two), Y_two);
      const auto expect = [&](const Tokens<double>& x, Memory::Kept& kept, const M& d) {
        EXPECT_EQ(backward(memory, x, kept).all(), d);
      };
      if (first) {
        expect(one, kept_one, d_one);
        expect(two, kept_two, d_two);
      } else {
        expect(two, kept_two, d_two);
        expect(one, kept_one, d_one);
      }
    }
    auto copy = memory;
    EXPECT_EQ(read(copy, one, kept_one), Y_one);
    EXPECT_EQ(backward(copy, one, kept_one).all(), d_one);
  }
}

TEST(TokenMemory, WritesIntoWindowsAlone) {
  for (const auto& choice : token_choices()) {
    SCOPED_TRACE(choice.label());
    auto memory = choice.made<double>(5);
    for (const auto side : {Memory::Side::state, Memory::Side::query}) {
      memory.answer_from(side);
      const auto x = tokens(memory, 5, 66, 5, 3);
      Memory::Kept kept;
      const M Y = read(memory, x, kept);
      const auto d = backward(memory, x, kept);
      const auto window = [](const M& value) {
        reference::PoisonedWindow<double> window(value.rows(), value.cols());
        window.view() = value;
        return window;
      };
      auto K = window(x.K), V = window(x.V), logits = window(x.logits), Q = window(x.Q), dY = window(x.dY);
      auto dK = window(M::Ones(5, 66)), dV = window(M::Ones(3, 66)), dQ = window(M::Ones(5, 5));
      auto dlogits = window(M::Ones(x.logits.rows(), 66));
      reference::PoisonedWindow<double> answers(3, 5);
      memory.read(K.view(), V.view(), logits.view(), Q.view(), x.seen, answers.view(), kept);
      EXPECT_TRUE(answers.in_bounds());
      EXPECT_EQ(answers.value(), Y);
      memory.backward(K.view(), V.view(), logits.view(), Q.view(), dY.view(), kept, dK.view(), dV.view(),
                      dlogits.view(), dQ.view());
      const auto expect_added = [](const auto& window, const M& gradient) {
        EXPECT_TRUE(window.in_bounds());
        const M added = window.value().array() - 1;  // 1 + d rounds
        EXPECT_TRUE(gradient.size() == 0 || agree(added, gradient, 1e-10));
      };
      expect_added(dK, d.K);
      expect_added(dV, d.V);
      expect_added(dlogits, d.logits);
      expect_added(dQ, d.Q);
    }
  }
}

TEST(TokenMemory, NothingWrittenAnswersNothing) {
  for (const auto& choice : token_choices()) {
    SCOPED_TRACE(choice.label());
    auto memory = choice.made<double>(5);
    const auto x = tokens(memory, 5, 0, 3, 2);
    Memory::Kept kept;
    EXPECT_TRUE(read(memory, x, kept).isZero(0));
    EXPECT_TRUE(backward(memory, x, kept).Q.isZero(0));
  }
}

// The rounding of some 130 terms; divisions by sums of few features make it larger.
TEST(TokenMemory, IsTheSameInSinglePrecision) {
  for (const auto& choice : token_choices()) {
    if (choice.rule == "rls") continue;  // its condition is beyond single precision where few writes are seen
    SCOPED_TRACE(choice.label());
    auto memory = choice.made<double>(5);
    auto single = choice.made<float>(5);
    const auto x = tokens(memory, 5, 130, 7, 3).cast<float>();
    Memory::Kept kept;
    TokenMemory<float>::Kept kept_single;
    EXPECT_TRUE(agree(read(single, x, kept_single), read(memory, x.cast<double>(), kept), 1e-3));
    EXPECT_TRUE(agree(backward(single, x, kept_single).all(), backward(memory, x.cast<double>(), kept).all(), 1e-3));
  }
}

TEST(TokenMemory, SoftmaxOfDenseValuesIsItsDefinition) {
  auto memory = TokenChoice{"softmax"}.made<double>(5);
  auto x = tokens(memory, 5, 63, 300, 4);  // three blocks of queries
  x.seen.clear();
  Memory::Kept kept;
  EXPECT_TRUE(agree(read(memory, x, kept), softmax_attention({x.K, x.V, x.Q}), 1e-13));
  x.seen.assign(300, 63);
  EXPECT_TRUE(agree(read(memory, x, kept), softmax_attention({x.K, x.V, x.Q}), 1e-13));
}

TEST(TokenMemory, GradientsAreCentralDifferences) {
  for (const auto& choice : token_choices()) {
    SCOPED_TRACE(choice.label());
    auto memory = choice.made<double>(3);
    auto x = tokens(memory, 3, 6, 4, 2);
    x.seen = {6, 0, 3, 5};
    Memory::Kept kept;
    read(memory, x, kept);
    const auto d = backward(memory, x, kept);
    const auto f = [&] { return read(memory, x, kept).cwiseProduct(x.dY).sum(); };
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

}  // namespace
}  // namespace palimpsest
