// Tables against tokens that are formed in full, gradients against central differences through the dense memory, and
// where parameters start.
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <stdexcept>
#include <string>

#include "laws/components.hpp"
#include "palimpsest/memory/all.hpp"
#include "palimpsest/model/all.hpp"
#include "reference/agree.hpp"
#include "reference/dense.hpp"
#include "reference/random.hpp"

namespace palimpsest {
namespace {

using reference::agree;
using M = Matrix<double>;

/// What a model's parameters mean, from the definition: whole keys and queries of an episode.
template <class Model>
struct Dense {
  static constexpr std::string_view name = Model::name;

  explicit Dense(Model& model) {
    for (auto* parameter : model.parameters()) parameters[parameter->name] = &parameter->value;
  }

  const M& at(const std::string& parameter) const { return *parameters.at(parameter); }

  M keys(const Episode& episode, Index S) const {
    if (name == "published")
      return reference::project_tokens(at("E"), at("W_k"), at("b_k"), S, episode.keys, episode.values);
    if (name == "table" || name == "table_shared") return gather(at("keys"), episode.keys);
    throw std::logic_error(fmt::format("no dense reference of model '{}'; write one here", name));
  }

  M queries(const std::vector<int>& asked) const {
    if (name == "published") return (at("W_q") * gather(at("E"), asked)).colwise() + at("b_q").col(0);
    return gather(at(name == "table" ? "queries" : "keys"), asked);
  }

  static M gather(const M& table, const std::vector<int>& columns) {
    M out(table.rows(), std::ssize(columns));
    for (Index n = 0; n < out.cols(); ++n) out.col(n) = table.col(columns[n]);
    return out;
  }

  std::map<std::string, const M*> parameters;
};

template <class Model>
class ModelLaws : public testing::Test {
 protected:
  const Index S = 5, d = 3;
  // Three episodes with one query each, two of them for the same key; key 4 is never asked and key 1 written twice.
  const std::vector<Episode> episodes{{{0, 1, 2, 3, 4}, {2, 0, 4, 1, 3}, {}},
                                      {{1, 3, 1, 0, 2}, {4, 3, 2, 2, 0}, {}},
                                      {{2, 1, 0, 3, 4}, {0, 1, 2, 3, 4}, {}}};
  const std::vector<int> asked{2, 1, 2};
  Model model{TokenShape{S, d}, ProjectionInit::linear, 3};

  M weights(std::size_t b) const { return reference::normal(S, 1, 90 + b); }

  /// Checks all parameter gradients of Σ weights ⊙ outputs through `memory`, whose dense version is `answer`.
  template <class Memory, class Answer>
  void expect_gradients(Memory memory, const Answer& answer) {
    TokenTables<double> tables, gradient;
    model.encode(asked, tables);
    memory.begin(tables);
    M Y(S, 1);
    for (std::size_t b = 0; b < episodes.size(); ++b) {
      const std::vector<int> column{static_cast<int>(b)};
      memory.read(episodes[b], column, Y);
      memory.backward(episodes[b], column, weights(b));
    }
    memory.end(gradient);
    for (auto* parameter : model.parameters())
      parameter->gradient.setConstant(std::numeric_limits<double>::quiet_NaN());
    model.backward(asked, gradient);

    const Dense<Model> dense(model);
    const auto f = [&] {
      double sum = 0;
      for (std::size_t b = 0; b < episodes.size(); ++b)
        sum += answer(reference::Sequence<double>(dense.keys(episodes[b], S),
                                                  reference::one_hot<double>(episodes[b].values, S),
                                                  dense.queries({asked[b]})))
                   .cwiseProduct(weights(b))
                   .sum();
      return sum;
    };
    for (auto* parameter : model.parameters()) {
      const M expected = reference::central_differences(f, parameter->value);
      // h² times third derivatives, and rounding over h. Softmax has no gradient by b_k, which all keys share: both are
      // rounding then.
      EXPECT_TRUE(agree(parameter->gradient, expected, 1e-6) ||
                  (parameter->gradient - expected).cwiseAbs().maxCoeff() < 1e-10)
          << parameter->name << ": " << agree(parameter->gradient, expected, 1e-6).message();
    }
  }
};

TYPED_TEST_SUITE(ModelLaws, laws::TestTypes<Models<double>>, laws::ByName);

TYPED_TEST(ModelLaws, TablesGiveTheKeysAndQueriesOfWholeTokens) {
  for (const Index d : {1, 5, 63})
    for (const Index S : {1, 5, 63}) {
      TypeParam model({S, d}, ProjectionInit::linear, 2);
      const Dense<TypeParam> dense(model);
      Episode every_pair;
      for (int key = 0; key < S; ++key)
        for (const int value : {0, static_cast<int>(S) / 2, static_cast<int>(S) - 1}) {
          every_pair.keys.push_back(key);
          every_pair.values.push_back(value);
        }
      const std::vector<int> asked{static_cast<int>(S) - 1, 0, static_cast<int>(S) / 2, 0};
      TokenTables<double> tables;
      model.encode(asked, tables);
      ASSERT_EQ(tables.key.rows(), d);
      ASSERT_EQ(tables.key.cols(), S);
      M keys = Dense<TypeParam>::gather(tables.key, every_pair.keys);
      if (tables.keys_depend_on_values()) keys += Dense<TypeParam>::gather(tables.value, every_pair.values);
      EXPECT_TRUE(agree(keys, dense.keys(every_pair, S), 1e-13));  // rounding of S + e ≤ 201 terms
      EXPECT_TRUE(agree(tables.query, dense.queries(asked), 1e-13));
    }
}

TYPED_TEST(ModelLaws, GradientsThroughAFastWeightMemoryAreThoseOfWholeTokens) {
  const Elu<double> kernel;
  this->expect_gradients(FastWeight<double>(kernel, SumRule<double>(), AttentionNormalization<double>(), this->d),
                         [&](const reference::Sequence<double>& sequence) {
                           return reference::fast_weight(kernel, "sum", "attention", sequence);
                         });
}

TYPED_TEST(ModelLaws, GradientsThroughRandomFeaturesAreThoseOfWholeTokens) {
  Favor<double> kernel(4);
  kernel.scaled = true;
  Stream stream(6, Purpose::test, 0);
  kernel.draw(this->d, stream);
  this->expect_gradients(FastWeight<double>(kernel, SumRule<double>(), SumNormalization<double>(), this->d),
                         [&](const reference::Sequence<double>& sequence) {
                           return reference::fast_weight(kernel, "sum", "sum", sequence);
                         });
}

TYPED_TEST(ModelLaws, GradientsThroughSoftmaxAreThoseOfWholeTokens) {
  this->expect_gradients(SoftmaxMemory<double>(), [](const reference::Sequence<double>& sequence) {
    return reference::softmax_attention(sequence);
  });
}

TYPED_TEST(ModelLaws, ParametersAreAFunctionOfTheSeed) {
  const auto values = [](std::uint64_t seed) {
    TypeParam model({7, 5}, ProjectionInit::linear, seed);
    std::vector<M> all;
    for (const auto* parameter : model.parameters()) {
      EXPECT_TRUE(parameter->value.allFinite()) << parameter->name;
      EXPECT_EQ(parameter->gradient.rows(), parameter->value.rows()) << parameter->name;
      EXPECT_EQ(parameter->gradient.cols(), parameter->value.cols()) << parameter->name;
      all.push_back(parameter->value);
    }
    return all;
  };
  const auto first = values(1), again = values(1), other = values(2);
  for (std::size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(first[i], again[i]);
    EXPECT_NE(first[i], other[i]);
    for (std::size_t j = 0; j < i; ++j) EXPECT_NE(first[i](0), first[j](0)) << "parameters share no numbers";
  }
}

const M& value_of(auto& model, std::string_view name) {
  for (const auto* parameter : model.parameters())
    if (parameter->name == name) return parameter->value;
  throw std::out_of_range(std::string(name));
}

/// Fills ±bound and nothing beyond: the largest of n uniform entries is within 8/n of the bound but for a chance of
/// e⁻⁸.
void expect_uniform(const M& x, double bound) {
  const double largest = x.cwiseAbs().maxCoeff();
  EXPECT_LE(largest, bound);
  EXPECT_GE(largest, bound * (1 - 8.0 / static_cast<double>(x.size())));
}

/// N(0, 1/d): mean 0 and variance 1/d within 5 standard errors.
void expect_normal(const M& unscaled, double d = 1) {
  const M x = std::sqrt(d) * unscaled;
  const auto n = static_cast<double>(x.size());
  EXPECT_NEAR(x.mean(), 0, 5 / std::sqrt(n));
  EXPECT_NEAR(x.array().square().mean(), 1, 5 * std::sqrt(2 / n));
}

TEST(PublishedModel, StartsAsPublished) {
  const Index S = 40, e = 88, d = 16;  // e = ⌊2.2 · 40⌋
  PublishedModel<double> linear({S, d}, ProjectionInit::linear, 1), softmax({S, d}, ProjectionInit::softmax, 1);
  for (auto* model : {&linear, &softmax}) {
    ASSERT_EQ(value_of(*model, "E").rows(), e);
    ASSERT_EQ(value_of(*model, "E").cols(), S);
    expect_normal(value_of(*model, "E"));
    expect_uniform(value_of(*model, "b_k"), 1 / std::sqrt(128.0));  // S + e inputs
    expect_uniform(value_of(*model, "b_q"), 1 / std::sqrt(88.0));
  }
  expect_uniform(value_of(linear, "W_k"), 0.25);  // 1/√16
  expect_uniform(value_of(linear, "W_q"), 0.25);
  expect_uniform(value_of(softmax, "W_k"), std::sqrt(6.0 / (128 + 16)));  // Xavier: √(6/(inputs + outputs))
  expect_uniform(value_of(softmax, "W_q"), std::sqrt(6.0 / (88 + 16)));
}

TEST(PublishedModel, TheEmbeddingIsTwoPointTwoTimesTheKeysRoundedDown) {
  for (const auto& [S, e] : {std::pair<Index, Index>{1, 2}, {4, 8}, {5, 11}, {20, 44}, {63, 138}, {600, 1320}}) {
    PublishedModel<float> model({S, 2}, ProjectionInit::linear, 1);
    EXPECT_EQ(model.parameters()[0]->value.rows(), e) << "S = " << S;
  }
}

TEST(PublishedModel, KeysDependOnValues) {
  PublishedModel<double> model({5, 3}, ProjectionInit::linear, 1);
  TokenTables<double> tables;
  model.encode({0}, tables);
  EXPECT_TRUE(tables.keys_depend_on_values());
}

TEST(TableModel, HasATableOfKeysAndOneOfQueriesOfAboutUnitLength) {
  TableModel<double> model({50, 16}, ProjectionInit::linear, 1);
  ASSERT_EQ(model.parameters().size(), 2u);
  expect_normal(value_of(model, "keys"), 16);
  expect_normal(value_of(model, "queries"), 16);
  TokenTables<double> tables;
  model.encode({0}, tables);
  EXPECT_FALSE(tables.keys_depend_on_values());
}

TEST(SharedTableModel, HasOneTableOfAboutUnitLength) {
  SharedTableModel<double> model({50, 16}, ProjectionInit::linear, 1);
  ASSERT_EQ(model.parameters().size(), 1u);
  expect_normal(value_of(model, "keys"), 16);
  TokenTables<double> tables;
  model.encode({7}, tables);
  EXPECT_EQ(tables.query.col(0), tables.key.col(7));
}

}  // namespace
}  // namespace palimpsest
