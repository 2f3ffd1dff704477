#include "palimpsest/trace/trace.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cmath>
#include <string>
#include <vector>

#include "palimpsest/normalization/all.hpp"
#include "palimpsest/pair/fast_weight.hpp"
#include "palimpsest/rule/all.hpp"
#include "palimpsest/trace/source.hpp"
#include "reference/kernels.hpp"
#include "trace/rows.hpp"

namespace palimpsest::trace {
namespace {

TEST(Trace, ARewrittenKeyUnderAttentionShowsTheClosedForms) {
  for (const std::string beta : {"1", "0.5"}) {
    auto asked = request("attention", 60);
    asked.values = "distinct";
    asked.gates["beta"] = beta;
    const double b = std::stod(beta);
    const auto rows = rows_of(trace(asked));
    ASSERT_EQ(rows.size(), 60u);
    double mass = 0;
    for (const auto& row : rows) {
      const double t = number(row, "t");
      mass = mass * (t == 1 ? 0 : (t - 1 - b) / t) + b / t;  // the recursion of theory/README.md, "One key rewritten"
      EXPECT_NEAR(number(row, "written"), b / t, kEpsilon);
      EXPECT_NEAR(number(row, "new_weight"), b / t, kEpsilon);
      EXPECT_NEAR(number(row, "mass"), mass, kEpsilon);
      EXPECT_NEAR(number(row, "expected_written"), b / t, kEpsilon);
      EXPECT_NEAR(number(row, "expected_mass"), mass, kEpsilon);
      EXPECT_NEAR(number(row, "contrast"), number(row, "expected_contrast"),
                  3e-4 * (t == 1) + kEpsilon);  // √ of rounding
      EXPECT_NEAR(number(row, "accumulator_mass"), t * number(row, "key_squared_norm"), 1e-6 * t);
      if (t > 1) {
        EXPECT_NEAR(number(row, "removed") / number(row, "written"), (1 + b) / b, 1e-5);
        // What is left of the old value: w_{t−1} of t writes
        EXPECT_NEAR(number(row, "old_weight"), b / t * (1 - b / (t - 1)), kEpsilon);
      }
    }
    EXPECT_NEAR(number(rows.back(), "mass"), b / (1 + b), b == 1 ? kEpsilon : 5e-3);  // (1/3) from 1/2 as t^-1.5
  }
}

TEST(Trace, ARewrittenKeyUnderSumAndL2IsBalanced) {
  for (const std::string normalization : {"sum", "l2"}) {
    auto asked = request(normalization, 50);
    asked.values = "distinct";
    asked.gates["beta"] = "0.8";
    const auto rows = rows_of(trace(asked));
    ASSERT_EQ(rows.size(), 50u);
    for (const auto& row : rows) {
      const double c = number(row, "key_squared_norm"), t = number(row, "t");
      EXPECT_NEAR(number(row, "written"), 0.8 * c, 1e-8);
      EXPECT_NEAR(number(row, "removed"), 0.8 * c, 1e-8);
      EXPECT_NEAR(number(row, "mass"), 1 - std::pow(1 - 0.8 * c, t), 1e-7);
      EXPECT_NEAR(number(row, "expected_mass"), number(row, "mass"), 1e-7);
      EXPECT_NEAR(number(row, "contrast"), number(row, "expected_contrast"), 1e-7);
      if (normalization == "l2") {
        EXPECT_NEAR(c, 1, 1e-8);
      }
      if (normalization == "sum") {
        EXPECT_LT(c, 0.05);
      }
    }
  }
}

TEST(Trace, ManyKeysAreUnbalancedUnderAttentionAndTheAccumulatorGrowsWithoutBound) {
  auto asked = request("attention", 4000);
  asked.keys = 31;
  asked.gates["beta"] = "0.5";
  const auto rows = rows_of(trace(asked));
  ASSERT_EQ(rows.size(), 4000u);
  for (const auto& row : rows)
    if (number(row, "t") > 1) {
      EXPECT_NEAR(number(row, "removed") / number(row, "written"), 3, 1e-5);
    }
  // ‖z_t‖ ≈ t ‖mean of φ over the keys‖, whose error is that of counting: some 1/√(t/N)
  EXPECT_NEAR(number(rows[3999], "accumulator_norm") / number(rows[1999], "accumulator_norm"), 2, 0.02);
  EXPECT_NEAR(number(rows[3999], "mass"), 1.0 / 3, 0.01);
  EXPECT_TRUE(rows[0].at("expected_mass").empty());
}

TEST(Trace, L2RecallsTheLastWriteOfAnyKeyExactly) {
  auto asked = request("l2", 200);
  asked.keys = 17;
  asked.values = "5";
  const auto rows = rows_of(trace(asked));
  ASSERT_EQ(rows.size(), 200u);
  for (const auto& row : rows) {
    EXPECT_LT(number(row, "contrast"), 1e-7);  // √ of rounding
    EXPECT_NE(row.at("value"), "5");
    if (!row.at("old_weight").empty()) {
      EXPECT_NEAR(number(row, "old_weight"), 0, 1e-12);
    }
  }
}

TEST(Trace, TheSumRuleUnderAttentionIsTheMeanOfItsWrites) {
  auto asked = request("attention", 40);
  asked.rule = "sum";
  asked.values = "distinct";
  const auto rows = rows_of(trace(asked));
  ASSERT_EQ(rows.size(), 40u);
  for (const auto& row : rows) {
    const double t = number(row, "t");
    EXPECT_NEAR(number(row, "written"), 1 / t, kEpsilon);
    EXPECT_NEAR(number(row, "removed"), 1 / t, 2 * kEpsilon);
    EXPECT_NEAR(number(row, "mass"), 1, kEpsilon);
    EXPECT_NEAR(number(row, "contrast"), std::sqrt(1 - 1 / t), t == 1 ? 1e-7 : 3 * kEpsilon);
  }
}

TEST(Trace, RowsAreLogSpacedFromTheFirstWriteToTheLast) {
  auto asked = request("l2", 1000);
  asked.rows = 4;
  std::vector<std::string> ts;
  for (const auto& row : rows_of(trace(asked))) ts.push_back(row.at("t"));
  EXPECT_EQ(ts, (std::vector<std::string>{"1", "10", "100", "1000"}));
  asked.rows = 1;
  EXPECT_EQ(rows_of(trace(asked)).front().at("t"), "1000");
  // A recorded write is the same whatever else is recorded.
  asked.rows.reset();
  const auto all = rows_of(trace(asked));
  asked.rows = 4;
  EXPECT_EQ(rows_of(trace(asked))[2], all[99]);
}

TEST(Trace, DependsOnItsRequestAlone) {
  auto asked = request("attention", 50);
  asked.keys = 5;
  EXPECT_EQ(trace(asked), trace(asked));
  const auto first = trace(asked);
  asked.seed = 2;
  EXPECT_NE(trace(asked), first);
}

/// Of every rule that has a meaning with the normalisation, with gates of its own.
std::vector<Request> of_every_rule(const std::string& kernel, const std::string& normalization, Index writes) {
  std::vector<Request> all;
  Rules<double>::for_each([&]<class R>() {
    if (!R::traits.refuses_divisor.empty() && normalization.ends_with("attention")) return;  // as by a sweep
    auto& asked = all.emplace_back(request(normalization, writes));
    asked.kernel = kernel;
    asked.rule = fmt::format("{}{}", R::name, TakesArgument<R> ? ":3" : "");
    asked.keys = 3;
    asked.key_dim = 5;
    asked.values = "7";
    asked.draw = "unit";
    for (const Gate& gate : R::gates) asked.gates[std::string(gate.name)] = gate.name == "alpha" ? "0.9" : "0.3";
  });
  return all;
}

TEST(Trace, EveryRuleAndNormalizationWithAMeaningRunsInEveryPrecision) {
  for (const auto& normalization : reference::names<Normalizations<double>>())
    for (const std::string kernel : {"elu", "dpfp:2", "favor:8"})
      for (const std::string precision : {"double", "bfloat16"})
        for (auto asked : of_every_rule(kernel, normalization, 9)) {
          SCOPED_TRACE(asked.rule + " " + normalization + " " + kernel + " " + precision);
          asked.precision = precision;
          const auto rows = rows_of(trace(asked));
          ASSERT_EQ(rows.size(), 9u);
          for (const auto& row : rows) {
            EXPECT_EQ(row.at("rule"), asked.rule);
            for (const std::string column : {"contrast", "loss", "state_norm", "written", "removed", "rounding_answer"})
              EXPECT_TRUE(std::isfinite(number(row, column))) << column;
            for (const std::string column : {"mass", "new_weight"})
              EXPECT_EQ(row.at(column).empty(), asked.rule == "fwm2021") << column;
          }
        }
}

// By another way: the memory reads the writes that the rows tell of, each row's queries after as many of them.
TEST(Trace, AnswersAreTheMemorys) {
  const Index writes = 30, N = 3, S = 7;
  for (const std::string normalization : {"l2", "attention"})
    for (const auto& asked : of_every_rule("elu", normalization, writes)) {
      SCOPED_TRACE(asked.rule + " " + normalization);
      const auto rows = rows_of(trace(asked));
      const auto rule = make_component<Rules<double>>("rule", asked.rule);
      const Index n = std::visit([](const auto& r) { return r.steps_per_write(); }, rule);
      const auto drawn = random_tables(N, asked.key_dim, n, true, asked.seed);
      TokenTables<double> tables{drawn.key.cast<double>(), drawn.value.cast<double>(), drawn.query.cast<double>()};
      // Asked by each key, which is its last step's, and by each query.
      Matrix<double> queries(asked.key_dim, 2 * N);
      for (Index i = 0; i < N; ++i) {
        queries.col(i) = tables.key.col(i * n + n - 1);
        queries.col(N + i) = tables.query.col(i);
      }
      tables.query = queries;
      // Indices of keys and values go up to the larger number of both.
      Matrix<double> keys = Matrix<double>::Ones(asked.key_dim, S * n);
      keys.leftCols(N * n) = tables.key;
      tables.key = keys;
      FixedGates gates;
      for (const auto& [name, value] : asked.gates) gates[name] = std::stod(value);
      FastWeight<double> memory(Elu<double>(), rule,
                                make_component<Normalizations<double>>("normalization", normalization), asked.key_dim,
                                gates);
      Episode episode;
      std::vector<int> columns;
      std::vector<Index> seen;
      for (const auto& row : rows) {
        episode.keys.push_back(std::stoi(row.at("key")));
        episode.values.push_back(std::stoi(row.at("value")));
        columns.insert(columns.end(), {episode.keys.back(), static_cast<int>(N) + episode.keys.back()});
        seen.insert(seen.end(), 2, std::ssize(episode.keys));
      }
      Matrix<double> Y(S, std::ssize(columns));
      memory.begin(tables);
      FastWeight<double>::Kept kept;
      memory.read(episode, {columns, seen}, Y, kept);
      // ε of a query beside its length of 2 is a share of each weight; nine digits.
      for (std::size_t t = 0; t < rows.size(); ++t) {
        const Vector<double> v = Vector<double>::Unit(S, episode.values[t]);
        const auto y = Y.col(2 * static_cast<Index>(t)), by_query = Y.col(2 * static_cast<Index>(t) + 1);
        const double off = 1e-6 * (1 + y.lpNorm<1>());
        EXPECT_NEAR(number(rows[t], "contrast"), (v - y).norm(), off) << t;
        EXPECT_NEAR(number(rows[t], "query_contrast"), (v - by_query).norm(), off) << t;
        if (asked.rule == "fwm2021") continue;
        EXPECT_NEAR(number(rows[t], "mass"), y.sum(), off) << t;
        EXPECT_NEAR(number(rows[t], "new_weight"), y(episode.values[t]), off) << t;
      }
    }
}

TEST(Trace, GatesAreThoseOfTheRequest) {
  auto asked = request("l2", 20);
  asked.rule = "momentum_delta";
  asked.keys = 5;
  asked.gates = {{"theta", "0.5"}, {"eta", "0.25"}, {"alpha", "0.75"}};
  const auto with_momentum = rows_of(trace(asked));
  EXPECT_EQ(with_momentum.front().at("alpha"), "0.75");
  EXPECT_EQ(with_momentum.front().at("beta"), "");
  EXPECT_EQ(with_momentum.front().at("gates"), "theta=0.5 eta=0.25");
  EXPECT_NEAR(number(with_momentum.back(), "written"), 0.5, 1e-8);  // θ ‖k‖²
  // Without momentum or decay it is the delta rule of strength θ.
  asked.gates = {{"theta", "0.5"}, {"eta", "0"}, {"alpha", "1"}};
  const auto without = rows_of(trace(asked));
  asked.rule = "delta";
  asked.gates = {{"beta", "0.5"}};
  const auto delta = rows_of(trace(asked));
  for (std::size_t t = 0; t < delta.size(); ++t) EXPECT_EQ(without[t].at("loss"), delta[t].at("loss")) << t;
  EXPECT_EQ(delta.front().at("gates"), "");
  // ridge starts at 0.25 + softplus(0).
  asked.rule = "mesa";
  asked.gates = {};
  EXPECT_EQ(rows_of(trace(asked)).front().at("gates"), "ridge=0.943147181");
}

TEST(Trace, ABadRequestIsNamedWithWhatIsAllowed) {
  const auto expect = [](const std::string& message, auto&& change) {
    auto asked = request("attention", 10);
    change(asked);
    EXPECT_THAT(error_of(asked), testing::HasSubstr(message));
  };
  expect("T = 0: allowed is an integer from 1", [](Request& r) { r.writes = 0; });
  expect("T = -3", [](Request& r) { r.writes = -3; });
  expect("rows = 0: allowed", [](Request& r) { r.rows = 0; });
  expect("rows = 2000000: allowed", [](Request& r) { r.writes = 2000000; });
  expect("keys = 0: allowed", [](Request& r) { r.keys = 0; });
  expect("key_dim = 0", [](Request& r) { r.key_dim = 0; });
  expect("values = 0: allowed is 'distinct' or", [](Request& r) { r.values = "0"; });
  expect("values = many: allowed is 'distinct' or", [](Request& r) { r.values = "many"; });
  expect("T is 20001, allowed is up to 20000", [](Request& r) { r.values = "distinct", r.writes = 20001; });
  expect("beta = 1.5: allowed is", [](Request& r) { r.gates["beta"] = "1.5"; });
  expect("beta = -0.1: allowed is", [](Request& r) { r.gates["beta"] = "-0.1"; });
  expect("alpha = 2: allowed is", [](Request& r) { r.rule = "gated_delta", r.gates["alpha"] = "2"; });
  expect("rule 'delta' has no gate 'alpha'; known: beta", [](Request& r) { r.gates["alpha"] = "0.5"; });
  expect("rule 'sum' has no gate 'beta'; known: none", [](Request& r) { r.rule = "sum", r.gates["beta"] = "1"; });
  expect("rule 'momentum_delta' has no gate 'beta'; known: theta, alpha, eta",
         [](Request& r) { r.rule = "momentum_delta", r.gates["beta"] = "1"; });
  expect("theta = 1.5: allowed is a number from 0 to 1",
         [](Request& r) { r.rule = "momentum_delta", r.gates["theta"] = "1.5"; });
  expect("c = much: allowed is a number", [](Request& r) { r.rule = "comba", r.gates["c"] = "much"; });
  expect("ridge = 0: must be above 0",
         [](Request& r) { r.rule = "mesa", r.normalization = "l2", r.gates["ridge"] = "0"; });
  expect("beta = learnt: random keys learn nothing", [](Request& r) { r.gates["beta"] = "learnt"; });
  expect("unknown kernel 'eluu'; known: identity, elu", [](Request& r) { r.kernel = "eluu"; });
  expect("unknown rule 'deltaa'; known: sum, delta", [](Request& r) { r.rule = "deltaa"; });
  expect("unknown normalization 'l3'; known: none, sum", [](Request& r) { r.normalization = "l3"; });
  expect("unknown draw 'cube'; known: normal, unit", [](Request& r) { r.draw = "cube"; });
  expect("unknown precision 'half'; known: float, double, bfloat16, float16", [](Request& r) { r.precision = "half"; });
  expect("kernel 'identity' may make zero or negative", [](Request& r) { r.kernel = "identity"; });
  expect("rule 'fwm2021' is layer-normalised", [](Request& r) { r.rule = "fwm2021"; });
  expect("rule 'rls' is solved for its read-out", [](Request& r) { r.rule = "rls"; });
  expect("model 'nowhere': no such directory", [](Request& r) { r.model = "nowhere"; });
  expect("is not named after its point", [](Request& r) { r.model = "/usr"; });
}

}  // namespace
}  // namespace palimpsest::trace
