// Tables against tokens that are formed in full, gradients against central differences through the dense memory, and
// where parameters start.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "palimpsest/pair/all.hpp"
#include "reference/agree.hpp"
#include "reference/dense.hpp"
#include "reference/kernels.hpp"
#include "reference/random.hpp"

namespace palimpsest {
namespace {

using reference::agree;
using M = Matrix<double>;

/// The model of a name, whichever it is: a law is compiled once, not once a model.
class AnyModel {
 public:
  AnyModel(const std::string& name, TokenShape shape, std::uint64_t seed) {
    Models<double>::for_each([&]<class Model>() {
      if (Model::name == name) model_.emplace(Model(shape, ProjectionInit::linear, seed));
    });
  }

  void encode(const std::vector<int>& keys, TokenTables<double>& tables) {
    std::visit([&](auto& model) { model.encode(keys, tables); }, *model_);
  }
  void backward(const std::vector<int>& keys, const TokenTables<double>& gradient) {
    std::visit([&](auto& model) { model.backward(keys, gradient); }, *model_);
  }
  std::vector<Parameter<double>*> parameters() {
    return std::visit([](auto& model) { return model.parameters(); }, *model_);
  }

 private:
  std::optional<Models<double>::Variant> model_;
};

M gather(const M& table, const std::vector<int>& columns) {
  M out(table.rows(), std::ssize(columns));
  for (Index n = 0; n < out.cols(); ++n) out.col(n) = table.col(columns[n]);
  return out;
}

/// What a model's parameters mean, from the definition: whole keys and queries of an episode.
struct Dense {
  Dense(std::string name, AnyModel& model) : name(std::move(name)) {
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

  std::string name;
  std::map<std::string, const M*> parameters;
};

/// Laws of the model of a name.
class ModelLaws : public testing::TestWithParam<std::string> {
 protected:
  const Index S = 5, d = 3;
  // Three episodes with one query each, two of them for the same key; key 4 is never asked and key 1 written twice.
  const std::vector<Episode> episodes{{{0, 1, 2, 3, 4}, {2, 0, 4, 1, 3}, {}},
                                      {{1, 3, 1, 0, 2}, {4, 3, 2, 2, 0}, {}},
                                      {{2, 1, 0, 3, 4}, {0, 1, 2, 3, 4}, {}}};
  const std::vector<int> asked{2, 1, 2};
  AnyModel model{GetParam(), TokenShape{S, d}, 3};

  M weights(std::size_t b) const { return reference::normal(S, 1, 90 + b); }

  /// Checks all parameter gradients of Σ weights ⊙ outputs through `memory`, whose dense version is `answer`.
  template <class Memory>
  void expect_gradients(Memory memory, const std::function<M(const reference::Sequence&)>& answer) {
    TokenTables<double> tables, gradient;
    model.encode(asked, tables);
    memory.begin(tables);
    typename Memory::Kept kept;
    M Y(S, 1);
    for (std::size_t b = 0; b < episodes.size(); ++b) {
      const std::vector<int> column{static_cast<int>(b)};
      memory.read(episodes[b], column, Y, kept);
      memory.backward(episodes[b], column, weights(b), kept);
    }
    memory.end(gradient);
    for (auto* parameter : model.parameters())
      parameter->gradient.setConstant(std::numeric_limits<double>::quiet_NaN());
    model.backward(asked, gradient);
    expect_dense_gradients(answer);
  }

  void expect_dense_gradients(const std::function<M(const reference::Sequence&)>& answer) {
    const Dense dense(GetParam(), model);
    const auto f = [&] {
      double sum = 0;
      for (std::size_t b = 0; b < episodes.size(); ++b)
        sum += answer(reference::Sequence{dense.keys(episodes[b], S), reference::one_hot(episodes[b].values, S),
                                          dense.queries({asked[b]})})
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

INSTANTIATE_TEST_SUITE_P(, ModelLaws, testing::ValuesIn(reference::names<Models<double>>()), reference::test_name);

TEST_P(ModelLaws, TablesGiveTheKeysAndQueriesOfWholeTokens) {
  for (const Index d : {1, 5, 63})
    for (const Index S : {1, 5, 63}) {
      AnyModel model(GetParam(), {S, d}, 2);
      const Dense dense(GetParam(), model);
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
      M keys = gather(tables.key, every_pair.keys);
      if (tables.keys_depend_on_values()) keys += gather(tables.value, every_pair.values);
      EXPECT_TRUE(agree(keys, dense.keys(every_pair, S), 1e-13));  // rounding of S + e ≤ 201 terms
      EXPECT_TRUE(agree(tables.query, dense.queries(asked), 1e-13));
    }
}

TEST_P(ModelLaws, GradientsThroughAFastWeightMemoryAreThoseOfWholeTokens) {
  const Elu<double> kernel;
  expect_gradients(FastWeight<double>(kernel, SumRule<double>(), AttentionNormalization<double>(), d),
                   [&](const reference::Sequence& sequence) {
                     return reference::fast_weight(kernel, "sum", "attention", sequence);
                   });
}

TEST_P(ModelLaws, GradientsThroughRandomFeaturesAreThoseOfWholeTokens) {
  Favor<double> kernel(4);
  kernel.scaled = true;
  Stream stream(6, Purpose::test, 0);
  kernel.draw(d, stream);
  expect_gradients(
      FastWeight<double>(kernel, SumRule<double>(), SumNormalization<double>(), d),
      [&](const reference::Sequence& sequence) { return reference::fast_weight(kernel, "sum", "sum", sequence); });
}

TEST_P(ModelLaws, GradientsThroughSoftmaxAreThoseOfWholeTokens) {
  expect_gradients(SoftmaxMemory<double>(), reference::softmax_attention);
}

TEST_P(ModelLaws, ParametersAreAFunctionOfTheSeed) {
  const auto values = [](std::uint64_t seed) {
    AnyModel model(GetParam(), {7, 5}, seed);
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
