#include "palimpsest/pair/fast_weight.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "pair/check.hpp"
#include "reference/kernels.hpp"

namespace palimpsest {
namespace {

using namespace pair_test;
using reference::Instance;
using reference::KernelVariant;
using M = Matrix<double>;

/// The axes beside the kernel.
struct Choice {
  std::string rule, normalization;

  template <class T>
  FastWeight<T> memory(const typename Kernels<T>::Variant& kernel, Index d) const {
    auto made = make_component<Rules<T>>("rule", rule);
    std::visit(
        [](auto& r) {
          if constexpr (requires { r.ridge; }) r.ridge = reference::kRidge;
        },
        made);
    return {kernel, std::move(made), make_component<Normalizations<T>>("normalization", normalization), d};
  }

  Answer dense(const KernelVariant& kernel) const {
    return [kernel, *this](const reference::Sequence& sequence) {
      return reference::fast_weight(kernel, rule, normalization, sequence);
    };
  }

  /// The scene as this rule sees it, of p features.
  Scene in(const Scene& scene, Index p) const {
    return std::visit(
        [&]<class R>(const R& r) {
          return with_gates(scene, r.steps_per_write(), p, {R::gates.begin(), R::gates.end()});
        },
        make_component<Rules<double>>("rule", rule));
  }
};

/// Every rule with every normalisation, but for those without a meaning. Axes are independent: only one kernel meets
/// all rules, the others two.
std::vector<Choice> choices(bool nonnegative_kernel, bool all_rules) {
  std::vector<std::pair<std::string, bool>> rules;  // and whether its read-out can be divided
  Rules<double>::for_each([&]<class R>() {
    if (all_rules || R::name == "sum" || R::name == "delta")
      rules.emplace_back(fmt::format("{}{}", R::name, TakesArgument<R> ? ":2" : ""), !StateRule<R> && R::name != "rls");
  });
  std::vector<Choice> all;
  Normalizations<double>::for_each([&]<class N>() {
    for (const auto& [rule, divisible] : rules)
      if ((nonnegative_kernel || !N::traits.needs_nonnegative) && (divisible || !N::traits.accumulates))
        all.push_back({rule, std::string(N::name)});
  });
  return all;
}

/// Memories of the kernel of a name.
class FastWeightOf : public testing::TestWithParam<std::string> {
 protected:
  static std::vector<Instance> instances(Index d) { return reference::instances(GetParam(), d); }

  /// Calls f for every rule and normalisation that have a meaning with this kernel.
  static void for_each_choice(const Instance& instance, const std::function<void(const Choice&)>& f) {
    for (const Choice& choice : choices(reference::is_nonnegative(instance.kernel), GetParam() == "elu")) {
      SCOPED_TRACE(fmt::format("{}, {}", choice.rule, choice.normalization));
      f(choice);
    }
  }

  /// … and every scene with d up to `largest` and instance of the kernel.
  static void for_all(Index largest, const std::function<void(const Scene&, const Instance&, const Choice&)>& f) {
    for (const Scene& scene : scenes()) {
      const Index d = scene.tables.key.rows();
      if (d > largest) continue;
      for (const auto& instance : instances(d)) {
        SCOPED_TRACE(fmt::format("{}, S = {}, L = {}, values {}", instance.label, scene.S,
                                 scene.episodes[0].keys.size(), scene.tables.keys_depend_on_values()));
        for_each_choice(instance, [&](const Choice& choice) {
          // Every rule meets 63 features in its own laws; here one of each way to answer does.
          if (d > 9 && choice.rule != "sum" && choice.rule != "delta" && choice.rule != "kda" && choice.rule != "mesa")
            return;
          if (has_meaning(choice, instance, d))
            f(choice.in(scene, reference::feature_dim(instance.kernel, d)), instance, choice);
        });
      }
    }
  }

  /// Of one feature nothing is left without its mean, of two ±1/√2 with a step between.
  static bool has_meaning(const Choice& choice, const Instance& instance, Index d) {
    return choice.normalization != "centered_l2" || reference::feature_dim(instance.kernel, d) >= 3;
  }
};

INSTANTIATE_TEST_SUITE_P(, FastWeightOf, testing::ValuesIn(reference::names<Kernels<double>>()), reference::test_name);

TEST_P(FastWeightOf, OutputsAreThoseOfTheStateSide) {
  for_all(63, [](const Scene& scene, const Instance& instance, const Choice& choice) {
    const Index d = scene.tables.key.rows();
    auto memory = choice.memory<double>(instance.kernel, d);
    EXPECT_EQ(memory.feature_dim(), reference::feature_dim(instance.kernel, d));
    expect_dense_outputs<double>(memory, scene, choice.dense(instance.kernel));
  });
}

TEST_P(FastWeightOf, OutputsInFloatAreThoseOfTheStateSide) {
  for_all(63, [](const Scene& scene, const Instance& instance, const Choice& choice) {
    // ‖k‖² ~ exp ‖x‖²: unnormalised, each write overshoots, soon beyond single precision.
    if (GetParam() == "rff" && choice.rule == "delta" && choice.normalization == "none") return;
    auto memory = choice.memory<float>(instance.single, scene.tables.key.rows());
    // e^a is off by |a| ε, here |a| ~ 40: 3e-6 a feature, twice that of its square, and of keys and queries both.
    const bool squared_exponentials = choice.normalization == "sum_of_squares" && GetParam().starts_with("favor");
    // Unnormalised keys with ‖k‖² above 2 overshoot at each write: answers grow to 1e5, rounding with them.
    const bool overshoots = choice.normalization == "none" && choice.rule.find("delta") != std::string::npos;
    // kda overshoots too, and in chunks: the inverse of a triangle with entries above 1.
    const bool in_chunks = choice.normalization == "none" && choice.rule == "kda";
    expect_dense_outputs<float>(memory, scene, choice.dense(instance.rounded),
                                (in_chunks              ? 16
                                 : overshoots           ? 4
                                 : squared_exponentials ? 2
                                                        : 1) *
                                    kAgreement<float>);
  });
}

TEST_P(FastWeightOf, GradientsAreThoseOfTheStateSide) {
  // A central difference an entry, each a pass of the dense version: small keys only.
  for_all(5, [](const Scene& scene, const Instance& instance, const Choice& choice) {
    auto memory = choice.memory<double>(instance.kernel, scene.tables.key.rows());
    expect_dense_gradients(gradients(memory, scene), scene, choice.dense(instance.kernel));
  });
}

TEST_P(FastWeightOf, GradientsByTheKernelsParametersAreThoseOfTheStateSide) {
  if (!reference::is_learnt(instances(1)[0].kernel)) GTEST_SKIP() << "it has no parameters";
  for_all(5, [](const Scene& scene, const Instance& instance, const Choice& choice) {
    auto memory = choice.memory<double>(instance.kernel, scene.tables.key.rows());
    gradients(memory, scene);
    KernelVariant kernel = instance.kernel;
    const auto parameters = reference::parameters(kernel);
    ASSERT_FALSE(parameters.empty());
    ASSERT_EQ(memory.parameters().size(), parameters.size());
    for (std::size_t i = 0; i < memory.parameters().size(); ++i) {
      const M expected = reference::central_differences([&] { return weighted_sum(scene, choice.dense(kernel)); },
                                                        parameters[i]->value);
      EXPECT_TRUE(is_gradient(memory.parameters()[i]->gradient, expected)) << parameters[i]->name;
    }
  });
}

TEST_P(FastWeightOf, ManyWritesAreTreatedInBlocksWithTheSameResult) {
  // A block holds max(8, 4096/p) writes; here are three and a bit.
  const Index d = 5, S = 7;
  for (const bool with_values : {true, false})
    for (const auto& instance : instances(d)) {
      const Index L = 3 * 4096 / reference::feature_dim(instance.kernel, d) + 5;
      SCOPED_TRACE(fmt::format("{}, L = {}, values {}", instance.label, L, with_values));
      const Scene plain = pair_test::scene(d, S, L, with_values, {{3}, {1, 5}});
      for_each_choice(instance, [&](const Choice& choice) {
        // So many writes overshoot without a bound on ‖k‖. Rules don't know kernels: two with few features do.
        const bool bounded = choice.normalization == "sum" || choice.normalization == "l2";
        if (choice.rule != "sum" && !(bounded && (GetParam() == "elu" || GetParam() == "dpfp"))) return;
        if (!has_meaning(choice, instance, d)) return;
        Scene scene = choice.in(plain, reference::feature_dim(instance.kernel, d));
        const Answer dense = choice.dense(instance.kernel);
        auto memory = choice.memory<double>(instance.kernel, d);
        expect_dense_outputs<double>(memory, scene, dense);
        const auto outputs = read_all<double>(memory, scene, scene.tables);

        // Gradients along one direction of all tables at once: D f = Σ gradient ⊙ direction.
        const TokenTables<double> gradient = gradients(memory, scene);
        const TokenTables<double> at = scene.tables;
        const M a = reference::normal(d, at.key.cols(), 64), b = reference::normal(d, at.value.cols(), 65),
                c = reference::normal(d, S, 66);
        const auto f = [&](double step) {
          scene.tables.key = at.key + step * a;
          scene.tables.value = at.value + step * b;
          scene.tables.query = at.query + step * c;
          return weighted_sum(scene, dense);
        };
        // Of fourth order, since terms of random exponentials have third derivatives of several hundred.
        const double h = 1e-4, expected = (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h);
        scene.tables = at;
        const double actual = gradient.key.cwiseProduct(a).sum() + gradient.value.cwiseProduct(b).sum() +
                              gradient.query.cwiseProduct(c).sum();
        // Parts of the gradient cancel, so the tolerance is relative to their sizes; and f is a sum of up to 25 000
        // terms of size ~1, whose rounding, √25 000 · 1e-16 of it, is divided by h.
        const double parts = gradient.key.cwiseProduct(a).norm() + gradient.query.cwiseProduct(c).norm() + 1e-3;
        double terms = 0;
        for (std::size_t i = 0; i < scene.episodes.size(); ++i)
          terms += outputs[i].cwiseProduct(weights(scene, i)).norm();
        EXPECT_NEAR(actual, expected, 1e-6 * parts + 2e-14 / h * terms);
      });
    }
}

TEST_P(FastWeightOf, AStepStartsWithoutTheGradientsOfTheLast) {
  const Scene scene = pair_test::scene(5, 7, 9, true, {{2}, {1, 2, 3}});
  const auto instance = instances(5).back();
  for_each_choice(instance, [&](const Choice& choice) {
    auto memory = choice.memory<double>(instance.kernel, 5);
    const Scene seen = choice.in(scene, memory.feature_dim());
    const auto first = gradients(memory, seen), second = gradients(memory, seen);
    EXPECT_FALSE(first.key.isZero(0) || first.query.isZero(0));
    EXPECT_EQ(first.key, second.key);
    EXPECT_EQ(first.value, second.value);
    EXPECT_EQ(first.query, second.query);
    for (std::size_t i = 0; i < first.gates.size(); ++i) EXPECT_EQ(first.gates[i].key, second.gates[i].key);
  });
}

TEST_P(FastWeightOf, CoefficientsSayWhichWritesAnswer) {
  const Scene scene = pair_test::scene(5, 7, 9, true, {{1, 4, 6}});
  const auto instance = instances(5).back();
  for_each_choice(instance, [&](const Choice& choice) {
    auto memory = choice.memory<double>(instance.kernel, 5);
    const Scene seen = choice.in(scene, memory.feature_dim());
    M Y(7, 3);
    memory.begin(seen.tables);
    const M C = read(memory, seen.episodes[0], seen.columns[0], Y).coefficients();
    if (choice.rule == "fwm2021") {
      EXPECT_EQ(C.rows(), 0);  // not linear in the values
      return;
    }
    EXPECT_TRUE(agree(sequence(seen, 0).V.lazyProduct(C), Y, 1e-12));  // sums of up to 18 terms
    if (choice.rule == "sum" && choice.normalization == "attention") {  // 1 − ε/(z·q + ε), and z·q is far above ε here
      for (Index n = 0; n < C.cols(); ++n) EXPECT_NEAR(C.col(n).sum(), 1, 1e-3);
    }
  });
}

/// Keys and queries of length 50, which exp(±‖x‖²/2) takes out of single and double precision.
Scene long_keys(Index d) {
  Scene scene = pair_test::scene(d, 7, 9, true, {{2}, {1, 4, 6}});
  for (auto* table : {&scene.tables.key, &scene.tables.query})
    for (Index t = 0; t < table->cols(); ++t) table->col(t) *= 50 / table->col(t).norm();
  return scene;
}

TEST_P(FastWeightOf, LongKeysAreAnsweredWhereTheirLengthIsDividedOut) {
  const Index d = 8;
  for (const auto& instance : instances(d)) {
    if (reference::feature_dim(instance.kernel, d) < 3) continue;
    for_each_choice(instance, [&](const Choice& choice) {
      if (!reference::is_scale_free(choice.normalization)) return;
      SCOPED_TRACE(instance.label);
      const Scene scene = choice.in(long_keys(d), reference::feature_dim(instance.kernel, d));
      auto memory = choice.memory<float>(instance.single, d);
      // An exponent or angle of size 50 · √d · 2 is off by up to 2e-5, its square's by twice that, in keys and queries.
      expect_dense_outputs<float>(memory, scene, choice.dense(instance.rounded), 3e-4);
    });
  }
}

TEST_P(FastWeightOf, LongKeysLearnWhereTheirLengthIsDividedOut) {
  const Index d = 5;
  if (!reference::is_scalable(instances(d)[0].kernel)) GTEST_SKIP() << "its features are in range";
  for (const auto& instance : instances(d)) {
    if (reference::feature_dim(instance.kernel, d) < 3) continue;
    for_each_choice(instance, [&](const Choice& choice) {
      if (!reference::is_scale_free(choice.normalization)) return;
      SCOPED_TRACE(instance.label);
      const Scene scene = choice.in(long_keys(d), reference::feature_dim(instance.kernel, d));
      auto memory = choice.memory<double>(instance.kernel, d);
      expect_dense_gradients(gradients(memory, scene), scene, choice.dense(instance.kernel));
    });
  }
}

// FAVOR+ with m = 1, Ω = 1, sum: φ(x) ∝ (e^x, e^-x), so that φ'(x) = (1 + t, 1 − t)/2 with t = tanh x. At x = 50, −50 these are
// (1, 0), (0, 1): two keys and values told apart, of which e^{-1250} knows nothing.
TEST(FastWeight, FavorWithSumOfLongKeysByHand) {
  Favor<float> kernel(1);
  kernel.omega.setOnes(1, 1);
  FastWeight<float> memory(kernel, SumRule<float>(), SumNormalization<float>(), 1);
  const TokenTables<float> tables{Matrix<float>{{50, -50}}, Matrix<float>(1, 0), Matrix<float>{{50, -50, 0}}};
  Matrix<float> Y(2, 3);
  memory.begin(tables);
  read(memory, {{0, 1}, {0, 1}, {}}, std::vector<int>{0, 1, 2}, Y);
  EXPECT_TRUE(agree(Y, Matrix<float>{{1, 0, 0.5}, {0, 1, 0.5}}, 1e-30));  // 1 − t ~ 2e^-100
}

TEST(FastWeight, DrawGivesNewRandomFeatures) {
  FastWeight<double> memory(Favor<double>(4), SumRule<double>(), AttentionNormalization<double>(), 5);
  Stream first(1, Purpose::test, 0), second(1, Purpose::test, 1), again(1, Purpose::test, 0);
  memory.draw(first);
  const M omega = *memory.random_features();
  EXPECT_EQ(omega, orthogonal_gaussian<double>(5, 4, again));
  memory.draw(second);
  EXPECT_NE(*memory.random_features(), omega);
}

/// FAVOR+ with attention, in single precision and, of the same features, dense in double.
struct FavorMemory {
  FastWeight<float> single;
  Answer dense;
};

FavorMemory favor(Index d) {
  Favor<double> kernel(4);
  Stream stream(1, Purpose::test, 0);
  kernel.draw(d, stream);
  Favor<float> single(4);
  single.omega = kernel.omega.cast<float>();
  kernel.omega = single.omega.cast<double>();
  return {{single, SumRule<float>(), AttentionNormalization<float>(), d},
          [kernel](const reference::Sequence& sequence) {
            return reference::fast_weight(kernel, "sum", "attention", sequence);
          }};
}

TEST(FastWeight, KeysOfOppositeLongEntriesAreAnsweredAsAnyOthers) {
  // Features of the entries are below e^-100, those of their sums, the keys, are not.
  Scene scene = pair_test::scene(5, 7, 9, true, {{2}});
  const M offset = M::Constant(5, 7, 8);
  scene.tables.key += offset;
  scene.tables.value -= offset;
  auto [single, dense] = favor(5);
  expect_dense_outputs<float>(single, scene, dense);
}

TEST(FastWeight, AKeyWhoseFeaturesUnderflowAnswersNothing) {
  Scene scene = pair_test::scene(5, 7, 9, true, {{2}});
  scene.tables.key.col(scene.episodes[0].keys[0]).array() += 20;
  auto [single, dense] = favor(5);
  expect_dense_outputs<float>(single, scene, dense);
}

TEST(FastWeight, WhereAllFeaturesUnderflowNothingIsAnswered) {
  Scene scene = pair_test::scene(5, 7, 9, true, {{2}});
  scene.tables.key.array() += 20;
  auto [single, dense] = favor(5);
  // e^-500 at most, which double still knows.
  EXPECT_LT(dense(sequence(scene, 0)).cwiseAbs().maxCoeff(), std::numeric_limits<float>::denorm_min());
  EXPECT_EQ(read_all<float>(single, scene, cast<float>(scene.tables))[0], Matrix<float>::Zero(7, 1));
}

TEST(FastWeight, AKernelWithoutRandomFeaturesDrawsNothing) {
  FastWeight<double> memory(Elu<double>(), SumRule<double>(), AttentionNormalization<double>(), 5);
  Stream used(1, Purpose::test, 0), untouched(1, Purpose::test, 0);
  memory.draw(used);
  EXPECT_EQ(memory.random_features(), nullptr);
  EXPECT_EQ(used(), untouched());
}

TEST(FastWeight, AnswersByHand) {
  // identity, sum, none; keys (1, 0), (1, 1); values 1, 0; query (2, 3): c = (2, 5), so output 0 is 5 and output 1
  // is 2.
  FastWeight<double> memory(Identity<double>(), SumRule<double>(), NoNormalization<double>(), 2);
  const TokenTables<double> tables{M{{1, 1}, {0, 1}}, M(2, 0), M{{2}, {3}}};
  M Y(2, 1);
  memory.begin(tables);
  read(memory, {{0, 1}, {1, 0}, {}}, std::vector<int>{0}, Y);
  EXPECT_EQ(Y, (M{{5}, {2}}));
}

TEST(FastWeight, AttentionDividesByTheSumOfCoefficients) {
  // The same with relu and attention: (5, 2)/(7 + 1e-6).
  FastWeight<double> memory(Relu<double>(), SumRule<double>(), AttentionNormalization<double>(), 2);
  const TokenTables<double> tables{M{{1, 1}, {0, 1}}, M(2, 0), M{{2}, {3}}};
  M Y(2, 1);
  memory.begin(tables);
  read(memory, {{0, 1}, {1, 0}, {}}, std::vector<int>{0}, Y);
  EXPECT_TRUE(agree(Y, M{{5 / 7.000001}, {2 / 7.000001}}, 1e-15));  // last bits of a quotient
}

TEST(FastWeight, ANanInATableReachesTheOutput) {
  TokenTables<double> tables{M{{1, 1}, {0, 1}}, M(2, 0), M{{2}, {3}}};
  tables.key(1, 1) = std::numeric_limits<double>::quiet_NaN();
  FastWeight<double> memory(Elu<double>(), SumRule<double>(), AttentionNormalization<double>(), 2);
  M Y(2, 1);
  memory.begin(tables);
  read(memory, {{0, 1}, {1, 0}, {}}, std::vector<int>{0}, Y);
  EXPECT_TRUE(Y.hasNaN());
}

}  // namespace
}  // namespace palimpsest
