#include "palimpsest/memory/fast_weight.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <string>

#include "laws/components.hpp"
#include "memory/check.hpp"

namespace palimpsest {
namespace {

using namespace memory_test;
using M = Matrix<double>;

/// The axes beside the kernel.
struct Choice {
  std::string rule, normalization;

  template <class T, class K>
  FastWeight<T> memory(const K& kernel, Index d) const {
    return {kernel, make_component<Rules<T>>("rule", rule),
            make_component<Normalizations<T>>("normalization", normalization), d};
  }

  template <class K>
  Answer dense(const K& kernel) const {
    return [kernel, *this](const M& keys, const M& V, const M& queries) {
      return reference::fast_weight(kernel, rule, normalization, keys, V, queries);
    };
  }
};

template <class K>
class FastWeightOf : public testing::Test {
 protected:
  /// Calls f for every rule and normalisation that have a meaning with this kernel.
  static void for_each_choice(const std::function<void(const Choice&)>& f) {
    Rules<double>::for_each([&]<class R>() {
      Normalizations<double>::for_each([&]<class N>() {
        if (N::needs_nonnegative && !K::nonnegative) return;
        SCOPED_TRACE(fmt::format("{}, {}", R::name, N::name));
        f({std::string(R::name), std::string(N::name)});
      });
    });
  }

  /// … and every scene with d up to `largest` and instance of the kernel.
  static void for_all(Index largest,
                      const std::function<void(const Scene&, const laws::Instance<K>&, const Choice&)>& f) {
    for (const Scene& scene : scenes()) {
      const Index d = scene.tables.key.rows();
      if (d > largest) continue;
      for (const auto& instance : laws::instances<K>(d)) {
        SCOPED_TRACE(fmt::format("{}, S = {}, L = {}, values {}", instance.label, scene.S,
                                 scene.episodes[0].keys.size(), scene.tables.keys_depend_on_values()));
        for_each_choice([&](const Choice& choice) { f(scene, instance, choice); });
      }
    }
  }
};

TYPED_TEST_SUITE(FastWeightOf, laws::TestTypes<Kernels<double>>, laws::ByName);

TYPED_TEST(FastWeightOf, OutputsAreThoseOfTheStateSide) {
  this->for_all(63, [](const Scene& scene, const auto& instance, const Choice& choice) {
    const Index d = scene.tables.key.rows();
    auto memory = choice.template memory<double>(instance.kernel, d);
    EXPECT_EQ(memory.feature_dim(), instance.kernel.feature_dim(d));
    expect_dense_outputs<double>(memory, scene, choice.dense(instance.kernel));
  });
}

TYPED_TEST(FastWeightOf, OutputsInFloatAreThoseOfTheStateSide) {
  this->for_all(63, [](const Scene& scene, const auto& instance, const Choice& choice) {
    auto rounded = instance.kernel;
    if constexpr (RandomKernel<TypeParam, double>)
      rounded.omega = rounded.omega.template cast<float>().template cast<double>();
    laws::with_float(instance, [&](const auto& single) {
      auto memory = choice.template memory<float>(single, scene.tables.key.rows());
      expect_dense_outputs<float>(memory, scene, choice.dense(rounded));
    });
  });
}

TYPED_TEST(FastWeightOf, GradientsAreThoseOfTheStateSide) {
  // A central difference an entry, each a pass of the dense version: small keys only.
  this->for_all(5, [](const Scene& scene, const auto& instance, const Choice& choice) {
    auto memory = choice.template memory<double>(instance.kernel, scene.tables.key.rows());
    expect_dense_gradients(memory, scene, choice.dense(instance.kernel));
  });
}

TYPED_TEST(FastWeightOf, ManyWritesAreTreatedInBlocksWithTheSameResult) {
  // A block holds max(8, 8192/p) writes; here are three and a bit.
  const Index d = 5, S = 7;
  for (const bool with_values : {true, false})
    for (const auto& instance : laws::instances<TypeParam>(d)) {
      const Index L = 3 * 8192 / instance.kernel.feature_dim(d) + 5;
      SCOPED_TRACE(fmt::format("{}, L = {}, values {}", instance.label, L, with_values));
      Scene scene = memory_test::scene(d, S, L, with_values, {{3}, {1, 5}});
      this->for_each_choice([&](const Choice& choice) {
        const Answer dense = choice.dense(instance.kernel);
        auto memory = choice.template memory<double>(instance.kernel, d);
        expect_dense_outputs<double>(memory, scene, dense);
        const auto outputs = read_all<double>(memory, scene, scene.tables);

        // Gradients along one direction of all tables at once: D f = Σ gradient ⊙ direction.
        const TokenTables<double> gradient = gradients(memory, scene);
        const TokenTables<double> at = scene.tables;
        const M a = reference::normal(d, S, 64), b = reference::normal(d, at.value.cols(), 65),
                c = reference::normal(d, S, 66);
        const auto f = [&](double step) {
          scene.tables = {at.key + step * a, at.value + step * b, at.query + step * c};
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

TYPED_TEST(FastWeightOf, AStepStartsWithoutTheGradientsOfTheLast) {
  const Scene scene = memory_test::scene(5, 7, 9, true, {{2}, {1, 2, 3}});
  const auto instance = laws::instances<TypeParam>(5).back();
  this->for_each_choice([&](const Choice& choice) {
    auto memory = choice.template memory<double>(instance.kernel, 5);
    const auto first = gradients(memory, scene), second = gradients(memory, scene);
    EXPECT_EQ(first.key, second.key);
    EXPECT_EQ(first.value, second.value);
    EXPECT_EQ(first.query, second.query);
  });
}

TYPED_TEST(FastWeightOf, CoefficientsSayWhichWritesAnswer) {
  const Scene scene = memory_test::scene(5, 7, 9, true, {{1, 4, 6}});
  const auto instance = laws::instances<TypeParam>(5).back();
  this->for_each_choice([&](const Choice& choice) {
    auto memory = choice.template memory<double>(instance.kernel, 5);
    const M Y = read_all<double>(memory, scene, scene.tables)[0], C = memory.coefficients();
    EXPECT_TRUE(agree(reference::one_hot<double>(scene.episodes[0].values, 7) * C, Y, 1e-13));  // sums of up to 9 terms
    if (choice.normalization == "attention") {  // 1 − ε/(z·q + ε), and z·q is far above ε here
      for (Index n = 0; n < C.cols(); ++n) EXPECT_NEAR(C.col(n).sum(), 1, 1e-3);
    }
  });
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
  memory.read({{0, 1}, {1, 0}, {}}, {0}, Y);
  EXPECT_EQ(Y, (M{{5}, {2}}));
}

TEST(FastWeight, AttentionDividesByTheSumOfCoefficients) {
  // The same with relu and attention: (5, 2)/(7 + 1e-6).
  FastWeight<double> memory(Relu<double>(), SumRule<double>(), AttentionNormalization<double>(), 2);
  const TokenTables<double> tables{M{{1, 1}, {0, 1}}, M(2, 0), M{{2}, {3}}};
  M Y(2, 1);
  memory.begin(tables);
  memory.read({{0, 1}, {1, 0}, {}}, {0}, Y);
  EXPECT_TRUE(agree(Y, M{{5 / 7.000001}, {2 / 7.000001}}, 1e-15));  // last bits of a quotient
}

TEST(FastWeight, ANanInATableReachesTheOutput) {
  TokenTables<double> tables{M{{1, 1}, {0, 1}}, M(2, 0), M{{2}, {3}}};
  tables.key(1, 1) = std::numeric_limits<double>::quiet_NaN();
  FastWeight<double> memory(Elu<double>(), SumRule<double>(), AttentionNormalization<double>(), 2);
  M Y(2, 1);
  memory.begin(tables);
  memory.read({{0, 1}, {1, 0}, {}}, {0}, Y);
  EXPECT_TRUE(Y.hasNaN());
}

}  // namespace
}  // namespace palimpsest
