// Laws of kernels that have something beside features: a contraction, factors, a scale, a lift, parameters, draws.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "laws/kernels.hpp"
#include "reference/agree.hpp"
#include "reference/dense.hpp"
#include "reference/kernels.hpp"
#include "reference/linear_algebra.hpp"
#include "reference/random.hpp"

namespace palimpsest::laws {
namespace {

using reference::agree;
using reference::features;
using reference::Instance;
using reference::PoisonedWindow;
using M = Matrix<double>;

// A law that no kernel fell under would be skipped for all of them, and say nothing.
TEST(KernelLawsOfSome, ApplyToAKernelEach) {
  const std::pair<const char*, bool (*)(const KernelVariant&)> conditions[] = {{"forgets_features", forgets_features},
                                                                               {"contract", contracts},
                                                                               {"factors", factors},
                                                                               {"lift", lifts},
                                                                               {"learn", reference::is_learnt},
                                                                               {"draw", reference::is_random},
                                                                               {"scale", reference::is_scalable}};
  for (const auto& [what, holds] : conditions) {
    const auto names = reference::names<Kernels<double>>();
    const auto applies = std::ranges::count_if(
        names, [holds = holds](const std::string& name) { return holds(reference::instances(name, 5).at(0).kernel); });
    EXPECT_GE(applies, 1) << what;
    EXPECT_LT(applies, std::ssize(names)) << what << ": a law of all needs no condition";
  }
}

TEST_P(KernelLaws, ContractionIsTheProductWithItsFeatures) {
  if (!contracts(any())) GTEST_SKIP() << "it has no contraction";
  for_all([](const KernelVariant& kernel, Index d) {
    const Index n = 17;  // more than are treated together
    const M x = lifted(kernel, reference::normal(d, n, 16));
    const M u = reference::normal(reference::feature_dim(kernel, d), 1, 17), dc = reference::normal(n, 1, 18);
    M phi(u.rows(), n), c(n, 1);
    forward(kernel, x, phi);
    contract(kernel, x, u.col(0), c.col(0));
    EXPECT_TRUE(agree(c, phi.transpose() * u, 1e-13));  // sums of p terms in another order
    M dx = reference::normal(d, n, 19), du = reference::normal(u.rows(), 1, 20);
    M expected_dx = dx;
    backward(kernel, x, phi, M(u * dc.transpose()), expected_dx);
    const M expected_du = du + phi * dc;
    contract_backward(kernel, x, u.col(0), dc.col(0), dx, du.col(0));
    EXPECT_TRUE(agree(dx, expected_dx, 1e-13));
    EXPECT_TRUE(agree(du, expected_du, 1e-13));
  });
}

TEST_P(KernelLaws, FeaturesOfASumAreAProductIfItSaysSo) {
  if (!factors(any())) GTEST_SKIP() << "its features don't factor";
  for_all([](const KernelVariant& kernel, Index d) {
    const M x = lifted(kernel, reference::normal(d, 3, 21)), y = lifted(kernel, reference::normal(d, 3, 22));
    M phi_x(reference::feature_dim(kernel, d), 3), phi_y = phi_x, phi_sum = phi_x;
    forward(kernel, x, phi_x);
    forward(kernel, y, phi_y);
    forward(kernel, x + y, phi_sum);
    for (Index t = 0; t < 3; ++t) {
      const double factor = std::sqrt(phi_x.rows()) * std::exp(-x.col(t).head(d).dot(y.col(t).head(d)));
      EXPECT_TRUE(agree(factor * phi_x.col(t).cwiseProduct(phi_y.col(t)), phi_sum.col(t), 1e-13));  // exponents to ~100
    }
  });
}

TEST_P(KernelLaws, UpToScaleDividesATokensFeaturesByANumber) {
  if (!reference::is_scalable(any())) GTEST_SKIP() << "its features are in range";
  for_all([](const KernelVariant& kernel, Index d) {
    const M x = reference::normal(d, 5, 23), phi = features(kernel, x);
    const M scaled = up_to_scale(kernel, lifted(kernel, x)), expected = reference::features_up_to_scale(kernel, x);
    for (Index t = 0; t < x.cols(); ++t) {
      const double factor = scaled.col(t).norm() / phi.col(t).norm();
      EXPECT_TRUE(agree(scaled.col(t), factor * phi.col(t), 1e-12));  // exponents of up to ~100
      EXPECT_TRUE(agree(scaled.col(t), expected.col(t), 1e-12));
      EXPECT_LE(scaled.col(t).cwiseAbs().maxCoeff(), 1);
    }
  });
}

TEST_P(KernelLaws, UpToScaleKeepsLongTokensInRange) {
  if (!reference::is_scalable(any())) GTEST_SKIP() << "its features are in range";
  for_all_instances([](const Instance& instance, Index d) {
    const Matrix<float> x = (300 * reference::normal(d, 5, 23).colwise().normalized()).cast<float>();
    const Matrix<float> scaled = std::visit(
        [&]<class K>(const K& k) {
          Matrix<float> phi(k.feature_dim(d), x.cols());
          if constexpr (ScalableKernel<K, float>) k.forward_up_to_scale(palimpsest::lifted<float>(k, x), phi);
          return phi;
        },
        instance.single);
    const M expected = reference::features_up_to_scale(instance.rounded, x.cast<double>());
    for (Index t = 0; t < x.cols(); ++t) {
      EXPECT_GE(scaled.col(t).cwiseAbs().maxCoeff(), 0.7f);
      // An exponent or angle of size up to 300 · 30 keeps 300 · 30 · 2⁻²⁴ ≈ 5e-4.
      EXPECT_LE((scaled.col(t).cast<double>() - expected.col(t)).cwiseAbs().maxCoeff(), 3e-3);
    }
  });
}

TEST_P(KernelLaws, UpToScaleHasTheAdjointOfForwardAcrossFeatures) {
  if (!reference::is_scalable(any())) GTEST_SKIP() << "its features are in range";
  for_all([](const KernelVariant& kernel, Index d) {
    const M x = lifted(kernel, reference::normal(d, 3, 24));
    const M scaled = up_to_scale(kernel, x);
    M phi(scaled.rows(), 3), dscaled = reference::normal(scaled.rows(), 3, 25), dphi(scaled.rows(), 3);
    forward(kernel, x, phi);
    for (Index t = 0; t < 3; ++t) {
      dscaled.col(t) -= scaled.col(t).dot(dscaled.col(t)) / scaled.col(t).squaredNorm() * scaled.col(t);
      dphi.col(t) = scaled.col(t).norm() / phi.col(t).norm() * dscaled.col(t);  // of the number that divides
    }
    const M before = reference::normal(x.rows(), 3, 26);
    M dx = before, expected = before;
    ask(kernel, [&]<class K>(const K& k) {
      if constexpr (ScalableKernel<K, double>) k.backward_up_to_scale(x, scaled, dscaled, dx);
    });
    backward(kernel, x, phi, dphi, expected);
    EXPECT_TRUE(agree(dx, expected, 1e-12));
  });
}

TEST_P(KernelLaws, FeaturesAndTheirSquaresSpanWhatItSays) {
  // Not 63: of so many exponentials some are too near to others to be told apart in double.
  for (const Index d : {2, 3, 5})
    for (const auto& instance : reference::instances(GetParam(), d)) {
      SCOPED_TRACE(instance.label);
      const bool refused = ask(instance.kernel, [&]<class K>(const K& k) {
        if constexpr (requires { k.refusal(d); }) return k.refusal(d).has_value();
        return false;
      });
      if (refused) continue;
      const M x = 1.5 * reference::normal(d, 300, 27);
      const M phi = reference::is_scalable(instance.kernel) ? reference::features_up_to_scale(instance.kernel, x)
                                                            : features(instance.kernel, x);
      const auto [span, squares] = ask(instance.kernel, [&](const auto& k) {
        return std::pair(palimpsest::rank<double>(k, d), palimpsest::rank_of_squares<double>(k, d));
      });
      EXPECT_EQ(reference::rank(phi), span);
      EXPECT_EQ(reference::rank(phi.cwiseAbs2()), squares);
      EXPECT_LE(span, phi.rows());
    }
}

TEST_P(KernelLaws, WithoutALiftKeysStayAsTheyAre) {
  if (lifts(any())) GTEST_SKIP() << "it has a lift";
  for_all([](const KernelVariant& kernel, Index d) {
    const M x = reference::normal(d, 3, 11);
    EXPECT_EQ(lifted_dim(kernel, d), d);
    EXPECT_EQ(lifted(kernel, x), x);
  });
}

TEST_P(KernelLaws, LiftIsLinear) {
  if (!lifts(any())) GTEST_SKIP() << "it has no lift";
  for_all([](const KernelVariant& kernel, Index d) {
    const M x = reference::normal(d, 3, 11), y = reference::normal(d, 3, 12);
    PoisonedWindow<double> sum(lifted_dim(kernel, d), 3);
    lift(kernel, 2 * x - 3 * y, sum.view());
    EXPECT_TRUE(sum.in_bounds());
    // Rounding of d terms.
    EXPECT_TRUE(agree(sum.value(), 2 * lifted(kernel, x) - 3 * lifted(kernel, y), 1e-13));
  });
}

TEST_P(KernelLaws, LiftBackwardIsTheAdjointOfLift) {
  if (!lifts(any())) GTEST_SKIP() << "it has no lift";
  for_all([](const KernelVariant& kernel, Index d) {
    const M identity = M::Identity(d, d), P = lifted(kernel, identity);  // d̃×d
    const M dlifted = reference::normal(P.rows(), 3, 13), before = reference::normal(d, 3, 14);
    PoisonedWindow<double> dx(d, 3);
    dx.view() = before;
    lift_backward(kernel, dlifted, dx.view());
    EXPECT_TRUE(dx.in_bounds());
    EXPECT_TRUE(agree(dx.value(), before + P.transpose() * dlifted, 1e-13));  // rounding of d̃ terms
  });
}

TEST_P(KernelLaws, LearnsByTheGradientOfItsParameters) {
  if (!reference::is_learnt(any())) GTEST_SKIP() << "it has no parameters";
  for_all([](const KernelVariant& made, Index d) {
    KernelVariant kernel = made;
    ASSERT_FALSE(reference::parameters(kernel).empty());
    const Index n = 3;
    const M x = reference::away_from_zero(d, n, 21),
            weights = reference::normal(reference::feature_dim(kernel, d), n, 22);
    const M tokens = lifted(kernel, x);
    M phi(weights.rows(), n), dtokens = M::Zero(tokens.rows(), n);
    forward(kernel, tokens, phi);
    backward(kernel, tokens, phi, weights, dtokens);
    for (auto* parameter : reference::parameters(kernel)) parameter->gradient.setZero();
    for (int pass = 0; pass < 2; ++pass) learn(kernel, x, dtokens);  // it adds
    for (auto* parameter : reference::parameters(kernel)) {
      const M expected = reference::central_differences([&] { return features(kernel, x).cwiseProduct(weights).sum(); },
                                                        parameter->value);
      EXPECT_TRUE(agree(parameter->gradient, 2 * expected, 1e-7) ||
                  (parameter->gradient - 2 * expected).cwiseAbs().maxCoeff() < 1e-10)
          << parameter->name << ": " << agree(parameter->gradient, 2 * expected, 1e-7).message();
    }
  });
}

TEST_P(KernelLaws, StartsWithParametersForKeysOfItsSize) {
  if (!reference::is_learnt(any())) GTEST_SKIP() << "it has no parameters";
  for (const Index d : kSizes) {
    auto kernel = make_component<Kernels<double>>("kernel", GetParam());
    reference::start(kernel, d);
    ASSERT_FALSE(reference::parameters(kernel).empty());
    for (const auto* parameter : reference::parameters(kernel)) {
      EXPECT_TRUE(parameter->value.allFinite()) << parameter->name;
      EXPECT_EQ(parameter->gradient.rows(), parameter->value.rows()) << parameter->name;
      EXPECT_EQ(parameter->gradient.cols(), parameter->value.cols()) << parameter->name;
    }
    EXPECT_EQ(features(kernel, reference::normal(d, 2, 23)).rows(), reference::feature_dim(kernel, d));
  }
}

TEST_P(KernelLaws, RandomFeaturesAreAFunctionOfTheirStream) {
  const Index d = 5;
  KernelVariant kernel = reference::instances(GetParam(), d).back().kernel;
  if (!reference::is_random(kernel)) GTEST_SKIP() << "it draws nothing";
  const M x = reference::normal(d, 3, 15);
  const auto drawn = [&](std::uint64_t index) {
    Stream stream(1, Purpose::test, index);
    reference::draw(kernel, d, stream);
    return features(kernel, x);
  };
  const M first = drawn(0), other = drawn(1);
  EXPECT_EQ(drawn(0), first);
  EXPECT_NE(other, first);
}

}  // namespace
}  // namespace palimpsest::laws
