#include "palimpsest/memory/fast_weight.hpp"

#include <gtest/gtest.h>

#include "laws/components.hpp"
#include "memory/check.hpp"

namespace palimpsest {
namespace {

using namespace memory_test;
using M = Matrix<double>;

template <class K>
class FastWeightOf : public testing::Test {
 protected:
  /// Calls f(rule, normalization) for every pair that has a meaning with this kernel.
  template <class F>
  static void for_all(F&& f) {
    Rules<double>::for_each([&]<class R>() {
      Normalizations<double>::for_each([&]<class N>() {
        if (N::needs_nonnegative && !K::nonnegative) return;
        SCOPED_TRACE(fmt::format("{}, {}", R::name, N::name));
        f(R(), N());
      });
    });
  }

  template <class R, class N>
  static auto dense(const K& kernel, const R&, const N&) {
    return [&kernel](const M& keys, const M& V, const M& queries) {
      return reference::fast_weight(kernel, R::name, N::name, keys, V, queries);
    };
  }

  template <class R, class N>
  static FastWeight<float> in_float(const laws::Instance<K>& instance, const R&, const N&, Index d) {
    std::optional<FastWeight<float>> made;
    laws::with_float(instance, [&](const auto& kernel) {
      made.emplace(kernel, make_component<Rules<float>>("rule", R::name),
                   make_component<Normalizations<float>>("normalization", N::name), d);
    });
    return *made;
  }
};

TYPED_TEST_SUITE(FastWeightOf, laws::TestTypes<Kernels<double>>, laws::ByName);

TYPED_TEST(FastWeightOf, OutputsAreThoseOfTheStateSide) {
  for (const Scene& scene : scenes()) {
    const Index d = scene.tables.key.rows();
    for (const auto& instance : laws::instances<TypeParam>(d)) {
      SCOPED_TRACE(fmt::format("{}, S = {}, L = {}, values {}", instance.label, scene.S, scene.episodes[0].keys.size(),
                               scene.tables.keys_depend_on_values()));
      this->for_all([&](const auto& rule, const auto& normalization) {
        FastWeight<double> memory(instance.kernel, rule, normalization, d);
        EXPECT_EQ(memory.feature_dim(), instance.kernel.feature_dim(d));
        expect_dense_outputs<double>(memory, scene, this->dense(instance.kernel, rule, normalization));
      });
    }
  }
}

TYPED_TEST(FastWeightOf, OutputsInFloatAreThoseOfTheStateSide) {
  for (const Scene& scene : scenes()) {
    const Index d = scene.tables.key.rows();
    for (const auto& instance : laws::instances<TypeParam>(d)) {
      SCOPED_TRACE(fmt::format("{}, S = {}, L = {}, values {}", instance.label, scene.S, scene.episodes[0].keys.size(),
                               scene.tables.keys_depend_on_values()));
      auto rounded = instance.kernel;
      if constexpr (RandomKernel<TypeParam, double>)
        rounded.omega = rounded.omega.template cast<float>().template cast<double>();
      this->for_all([&](const auto& rule, const auto& normalization) {
        FastWeight<float> memory = this->in_float(instance, rule, normalization, d);
        expect_dense_outputs<float>(memory, scene, this->dense(rounded, rule, normalization));
      });
    }
  }
}

TYPED_TEST(FastWeightOf, GradientsAreThoseOfTheStateSide) {
  for (const Scene& scene : scenes()) {
    const Index d = scene.tables.key.rows();
    if (d > 5) continue;  // a central difference an entry, each a pass of the dense version
    for (const auto& instance : laws::instances<TypeParam>(d)) {
      SCOPED_TRACE(fmt::format("{}, S = {}, L = {}, values {}", instance.label, scene.S, scene.episodes[0].keys.size(),
                               scene.tables.keys_depend_on_values()));
      this->for_all([&](const auto& rule, const auto& normalization) {
        FastWeight<double> memory(instance.kernel, rule, normalization, d);
        expect_dense_gradients(memory, scene, this->dense(instance.kernel, rule, normalization));
      });
    }
  }
}

TYPED_TEST(FastWeightOf, ManyWritesAreTreatedInBlocksWithTheSameResult) {
  // More writes than a cache of features holds, so a single query is answered block by block.
  const Index d = 5, S = 7;
  for (const bool with_values : {true, false})
    for (const auto& instance : laws::instances<TypeParam>(d)) {
      const Index L = 3 * 8192 / instance.kernel.feature_dim(d) + 5;
      SCOPED_TRACE(fmt::format("{}, L = {}, values {}", instance.label, L, with_values));
      Scene scene = memory_test::scene(d, S, L, with_values, {{3}});
      this->for_all([&](const auto& rule, const auto& normalization) {
        const auto dense = this->dense(instance.kernel, rule, normalization);
        FastWeight<double> memory(instance.kernel, rule, normalization, d);
        expect_dense_outputs<double>(memory, scene, dense);

        // Gradients along one direction of all tables at once: D f = Σ gradient ⊙ direction.
        const TokenTables<double> gradient = gradients(memory, scene);
        const TokenTables<double> at = scene.tables;
        const M a = reference::normal(d, S, 64), b = reference::normal(d, at.value.cols(), 65), c = reference::normal(d, S, 66);
        const auto f = [&](double step) {
          scene.tables = {at.key + step * a, at.value + step * b, at.query + step * c};
          return weighted_sum(scene, dense);
        };
        const double h = 1e-5, expected = (f(h) - f(-h)) / (2 * h);
        scene.tables = at;
        const double actual = gradient.key.cwiseProduct(a).sum() + gradient.value.cwiseProduct(b).sum() +
                              gradient.query.cwiseProduct(c).sum();
        // Parts of the sum cancel; the tolerance is relative to their sizes.
        const double size = gradient.key.cwiseProduct(a).norm() + gradient.query.cwiseProduct(c).norm() + 1e-3;
        EXPECT_NEAR(actual, expected, 1e-6 * size);
      });
    }
}

TYPED_TEST(FastWeightOf, AStepStartsWithoutTheGradientsOfTheLast) {
  const Scene scene = memory_test::scene(5, 7, 9, true, {{2}, {1, 2, 3}});
  const auto instance = laws::instances<TypeParam>(5).back();
  this->for_all([&](const auto& rule, const auto& normalization) {
    FastWeight<double> memory(instance.kernel, rule, normalization, 5);
    const auto first = gradients(memory, scene), second = gradients(memory, scene);
    EXPECT_EQ(first.key, second.key);
    EXPECT_EQ(first.value, second.value);
    EXPECT_EQ(first.query, second.query);
  });
}

TYPED_TEST(FastWeightOf, CoefficientsSayWhichWritesAnswer) {
  const Scene scene = memory_test::scene(5, 7, 9, true, {{1, 4, 6}});
  const auto instance = laws::instances<TypeParam>(5).back();
  this->for_all([&](const auto& rule, const auto& normalization) {
    FastWeight<double> memory(instance.kernel, rule, normalization, 5);
    const M Y = read_all<double>(memory, scene, scene.tables)[0], C = memory.coefficients();
    EXPECT_TRUE(agree(reference::one_hot<double>(scene.episodes[0].values, 7) * C, Y, 1e-13));  // sums of up to 9 terms
    if (normalization.accumulates)  // 1 − ε/(z·q + ε), and z·q is far above ε here
      for (Index n = 0; n < C.cols(); ++n) EXPECT_NEAR(C.col(n).sum(), 1, 1e-3);
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
  // identity, sum, none; keys (1, 0), (1, 1); values 1, 0; query (2, 3): c = (2, 5), so output 0 is 5 and output 1 is 2.
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
