#include "palimpsest/trace/trace.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "palimpsest/core/npy.hpp"
#include "palimpsest/memory/state.hpp"
#include "palimpsest/normalization/all.hpp"
#include "palimpsest/rule/all.hpp"
#include "palimpsest/sweep/rows/csv.hpp"
#include "palimpsest/trace/elu_feature.hpp"
#include "palimpsest/trace/source.hpp"
#include "palimpsest/train/point.hpp"
#include "reference/agree.hpp"
#include "reference/dense.hpp"
#include "reference/kernels.hpp"

namespace palimpsest::trace {
namespace {

using Row = std::map<std::string, std::string>;

std::vector<Row> rows_of(const std::string& csv) {
  std::istringstream in(csv);
  std::string line;
  std::getline(in, line);
  const auto header = sweep::csv_fields(line).value();
  std::vector<Row> rows;
  while (std::getline(in, line)) {
    const auto fields = sweep::csv_fields(line).value();
    EXPECT_EQ(fields.size(), header.size());
    Row row;
    for (std::size_t i = 0; i < header.size(); ++i) row[header[i]] = fields[i];
    rows.push_back(row);
  }
  return rows;
}

double number(const Row& row, const std::string& column) { return std::stod(row.at(column)); }

Request request(const std::string& normalization, Index writes) {
  Request request;
  request.kernel = "elu";
  request.rule = "delta";
  request.normalization = normalization;
  request.writes = writes;
  return request;
}

// ε = 1e-6 of the read-outs beside z·k ≥ 100 (‖φ‖² of 64 ELU features), and nine digits.
constexpr double kEpsilon = 3e-8;

TEST(Trace, ARewrittenKeyUnderAttentionShowsTheClosedForms) {
  for (const std::string beta : {"1", "0.5"}) {
    auto asked = request("attention", 60);
    asked.values = "distinct";
    asked.beta = beta;
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
    asked.beta = "0.8";
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
  asked.beta = "0.5";
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

TEST(Trace, SinglePrecisionLosesTheAccumulatorAsItGrows) {
  auto asked = request("attention", 20000);
  asked.rows = 10;
  const auto in_double = rows_of(trace(asked));
  asked.precision = "float";
  const auto in_float = rows_of(trace(asked));
  // A sum of t equal numbers, rounded each time to 6e-8 of itself: at most 6e-8 t, and far more than one rounding
  EXPECT_LT(number(in_double.front(), "rounding_accumulator"), 1e-6);
  EXPECT_GT(number(in_double.back(), "rounding_accumulator"), 1e-5);
  EXPECT_LT(number(in_double.back(), "rounding_accumulator"), 20000 * 6e-8);
  for (const std::string column : {"rounding_state", "rounding_accumulator", "rounding_answer", "t", "value"})
    EXPECT_EQ(in_float.back().at(column), in_double.back().at(column)) << column;
  // Lengths differ at most as the vectors do.
  const double off =
      std::abs(number(in_float.back(), "accumulator_norm") / number(in_double.back(), "accumulator_norm") - 1);
  EXPECT_GT(off, 1e-7);
  EXPECT_LE(off, number(in_double.back(), "rounding_accumulator"));
}

// Under the sum rule W and z of one key and one value are the same sum, and both stand still: the answer stays right.
// With more values the accumulator stands still first, and the weights of an answer no longer sum to 1.
TEST(Trace, AnAccumulatorInFewBitsStandsStillAndTheAnswerGrows) {
  for (const auto& [precision, bits] : {std::pair{"bfloat16", 8}, {"float16", 11}}) {
    const double stops = std::ldexp(1.5, bits);  // at the latest: see core/precision.hpp and FastWeightState's tests
    auto asked = request("attention", static_cast<Index>(12 * stops));
    asked.rule = "sum";
    asked.precision = precision;
    asked.values = "8";
    asked.key_dim = 9;
    const auto rows = rows_of(trace(asked));
    const auto norm = [&](double t) { return rows[static_cast<std::size_t>(t) - 1].at("accumulator_norm"); };
    EXPECT_EQ(norm(stops), norm(12 * stops)) << precision;
    EXPECT_NE(norm(stops / 1.5 - 1), norm(12 * stops)) << precision;
    // Eight sums of an eighth of the writes each, and the accumulator one: all nine stand still at the same size.
    EXPECT_NEAR(number(rows.back(), "mass"), 8, 1e-4) << precision;
    EXPECT_NEAR(number(rows.back(), "loss"), 0.5 * 7, 1e-3) << precision;  // ½‖v − (1, …, 1)‖²
    EXPECT_EQ(rows.back().at("precision"), precision);
  }
}

TEST(Trace, RoundingIsTheDistanceToTheDoubleState) {
  auto asked = request("attention", 300);
  asked.keys = 5;
  const auto in_double = rows_of(trace(asked));
  asked.precision = "float16";
  const auto in_float16 = rows_of(trace(asked));
  asked.precision = "bfloat16";
  const auto in_bfloat16 = rows_of(trace(asked));
  ASSERT_EQ(in_bfloat16.size(), 300u);
  // One rounding of every entry: at most 2^-s of it, and a third of that if it falls anywhere
  EXPECT_LT(number(in_bfloat16[0], "rounding_accumulator"), std::ldexp(1.0, -8));
  EXPECT_GT(number(in_bfloat16[0], "rounding_accumulator"), std::ldexp(1.0, -11));
  EXPECT_LT(number(in_float16[0], "rounding_accumulator"), std::ldexp(1.0, -11));
  EXPECT_GT(number(in_float16[0], "rounding_accumulator"), std::ldexp(1.0, -14));
  for (std::size_t t = 0; t < 300; ++t)
    for (const std::string what : {"accumulator", "state"}) {
      const std::string column = "rounding_" + what, norm = what + "_norm";
      EXPECT_LT(number(in_double[t], column), number(in_float16[t], column));
      EXPECT_LT(number(in_float16[t], column), number(in_bfloat16[t], column));
      // Lengths differ at most as the vectors do, but for nine digits.
      EXPECT_LE(std::abs(number(in_bfloat16[t], norm) / number(in_double[t], norm) - 1),
                number(in_bfloat16[t], column) * (1 + 1e-6));
    }
}

TEST(Trace, WhatIsTooLargeForFloat16IsNoGoodAnswer) {
  auto asked = request("none", 5);
  asked.kernel = "rff:8";  // features of size exp(‖x‖²/2), 1e13 here
  asked.precision = "bfloat16";
  EXPECT_TRUE(std::isfinite(number(rows_of(trace(asked)).front(), "state_norm")));
  asked.precision = "float16";
  for (const auto& row : rows_of(trace(asked)))
    for (const std::string column : {"state_norm", "contrast", "loss", "rounding_state"})
      EXPECT_FALSE(std::isfinite(number(row, column))) << column;
}

TEST(Trace, ADivergedStateHasNoLossOfZero) {
  auto asked = request("none", 50);
  asked.kernel = "rff:8";  // β‖k‖² = 1e26: each write multiplies what is there by −1e26
  const auto last = rows_of(trace(asked)).back();
  for (const std::string column : {"contrast_before", "contrast", "query_contrast", "loss"})
    EXPECT_EQ(last.at(column), "nan") << column;
}

TEST(EluFeature, OfElu1InBFloat16IsLostIfOneIsTakenAwayAndAdded) {
  std::map<std::pair<std::string, double>, Row> rows;
  for (const auto& row : rows_of(elu_features())) rows[{row.at("precision"), number(row, "x")}] = row;
  ASSERT_EQ(rows.size(), 3 * 193u);
  const auto value = [&](const std::string& precision, double x, const std::string& column) {
    return number(rows.at({precision, x}), column);
  };
  EXPECT_NEAR(value("bfloat16", -6, "exact"), 0.0024788, 1e-7);
  EXPECT_EQ(value("bfloat16", -6, "elu_plus_one"), 0.00390625);  // 2^-8, the next number above −1 being −1 + 2^-8
  EXPECT_NEAR(value("bfloat16", -6, "exponential"), 0.0024788, 0.0024788 / 256);
  EXPECT_NEAR(value("bfloat16", -6, "error_elu_plus_one"), 0.0039063 / 0.0024788 - 1, 1e-4);
  EXPECT_NEAR(value("bfloat16", -8, "exact"), 0.00033546, 1e-8);
  EXPECT_EQ(value("bfloat16", -8, "elu_plus_one"), 0);
  EXPECT_EQ(value("bfloat16", -8, "error_elu_plus_one"), 1);
  EXPECT_NEAR(value("bfloat16", -8, "exponential"), 0.00033546, 0.00033546 / 256);
  EXPECT_EQ(value("float16", -8, "elu_plus_one"), std::ldexp(1.0, -11));
  EXPECT_EQ(value("float16", -8.375, "elu_plus_one"), 0);
  EXPECT_EQ(value("float", -17.375, "elu_plus_one"), 0);
  const std::map<std::string, int> bits{{"bfloat16", 8}, {"float16", 11}, {"float", 24}};
  for (const auto& [key, row] : rows) {
    const auto& [precision, x] = key;
    // exp(x) ≤ half of 2^-s, which is between numbers of this grid: nothing is left of it.
    EXPECT_EQ(number(row, "elu_plus_one") == 0, std::exp(x) <= std::ldexp(1.0, -bits.at(precision) - 1)) << x;
    if (precision != "float16" || std::exp(x) >= std::ldexp(1.0, -14)) {  // below that float16 is subnormal
      EXPECT_LE(number(row, "error_exponential"), std::ldexp(1.0, -bits.at(precision))) << precision << x;
    }
    if (x > 0) {
      EXPECT_EQ(row.at("elu_plus_one"), row.at("exponential"));
    }
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

TEST(Trace, EveryRuleAndNormalizationWithAMeaningRuns) {
  std::vector<std::string> rules;  // the others have no step to trace
  Rules<double>::for_each([&]<class R>() {
    if constexpr (RuleOfFactors<R, double>) rules.push_back(fmt::format("{}{}", R::name, TakesArgument<R> ? ":3" : ""));
  });
  ASSERT_GE(rules.size(), 6u);
  for (const auto& rule : rules)
    for (const auto& normalization : reference::names<Normalizations<double>>())
      for (const std::string kernel : {"elu", "dpfp:2", "favor:8"}) {
        if (rule == "rwkv7" && normalization.ends_with("attention")) continue;  // refused, as by a sweep
        auto asked = request(normalization, 9);
        asked.rule = rule;
        asked.kernel = kernel;
        asked.keys = 3;
        asked.key_dim = 5;
        asked.draw = "unit";
        asked.alpha = "0.9";
        asked.beta = "0.3";
        const auto rows = rows_of(trace(asked));
        ASSERT_EQ(rows.size(), 9u);
        for (const auto& row : rows)
          EXPECT_TRUE(std::isfinite(number(row, "contrast"))) << rule << normalization << kernel;
      }
}

std::string error_of(const Request& request) {
  try {
    trace(request);
  } catch (const ConfigurationError& error) {
    return error.what();
  }
  return "no error";
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
  expect("beta = 1.5: allowed is", [](Request& r) { r.beta = "1.5"; });
  expect("beta = -0.1: allowed is", [](Request& r) { r.beta = "-0.1"; });
  expect("alpha = 2: allowed is", [](Request& r) { r.alpha = "2"; });
  expect("beta = learnt: random keys learn nothing", [](Request& r) { r.beta = "learnt"; });
  expect("unknown kernel 'eluu'; known: identity, elu", [](Request& r) { r.kernel = "eluu"; });
  expect("unknown rule 'deltaa'; known: sum, delta", [](Request& r) { r.rule = "deltaa"; });
  expect("unknown normalization 'l3'; known: none, sum", [](Request& r) { r.normalization = "l3"; });
  expect("unknown draw 'cube'; known: normal, unit", [](Request& r) { r.draw = "cube"; });
  expect("unknown precision 'half'; known: float, double, bfloat16, float16", [](Request& r) { r.precision = "half"; });
  expect("kernel 'identity' may make zero or negative", [](Request& r) { r.kernel = "identity"; });
  expect("rule 'fwm2021'", [](Request& r) { r.rule = "fwm2021", r.normalization = "none"; });
  expect("model 'nowhere': no such directory", [](Request& r) { r.model = "nowhere"; });
  expect("is not named after its point", [](Request& r) { r.model = "/usr"; });
}

class TrainedTrace : public testing::Test {
 protected:
  TrainedTrace() {
    std::string name = std::filesystem::temp_directory_path() / "palimpsest-trace-XXXXXX";
    if (!::mkdtemp(name.data())) throw std::runtime_error("cannot make " + name);
    directory_ = name;
  }
  ~TrainedTrace() override { std::filesystem::remove_all(directory_); }

  /// A few steps of a small point, kept as the sweep keeps it.
  std::filesystem::path train(const std::string& model, const std::string& rule = "delta") {
    Configuration configuration;
    configuration.S = 5;
    configuration.L = 10;
    configuration.replacement = true;
    configuration.key_dim = 7;
    configuration.rule = rule;
    configuration.model = model;
    configuration.max_steps = 20;
    configuration.evaluation_every = 20;
    configuration.evaluation_sequences = 2;
    const auto path = directory_ / ("S=5,L=10,replacement=true,memory=fast_weight,kernel=elu,key_dim=7,rule=" + rule +
                                    ",model=" + model + ",seed=1");
    RunOptions options;
    options.save_model = path;
    run_point(configuration, options);
    return path;
  }

  std::filesystem::path directory_;
};

TEST_F(TrainedTrace, TablesAreThoseOfWholeTokens) {
  const auto path = train("published");
  const auto tables = trained_tables(path, point_of(path));
  const Matrix<float> E = read_npy(path / "E.npy").transpose(), W_k = read_npy(path / "W_k.npy"),
                      b_k = read_npy(path / "b_k.npy"), W_beta = read_npy(path / "W_beta.npy"),
                      b_beta = read_npy(path / "b_beta.npy");
  for (int key = 0; key < 5; ++key)
    for (int value = 0; value < 5; ++value) {
      const Vector<float> x = reference::token(E.cast<double>(), 5, key, value).cast<float>();
      const Vector<float> k = W_k * x + b_k;
      // float sums of 16 terms of size ~1 in another order
      EXPECT_LT((tables.key.col(key) + tables.value.col(value) - k).norm(), 1e-5);
      EXPECT_NEAR(tables.gates[0].key(key) + tables.gates[0].value(value), (W_beta * x + b_beta)(0), 1e-5);
    }
}

TEST_F(TrainedTrace, AConstantIsTheModels) {
  const auto path = train("published", "comba");
  Request asked;
  asked.model = path;
  asked.writes = 5;
  const auto learnt = trace(asked);
  write_npy(path / "c.npy", Matrix<float>(Matrix<float>::Constant(1, 1, 0.5f)));
  EXPECT_NE(trace(asked), learnt) << "what is removed depends on c";
}

TEST_F(TrainedTrace, EveryModelIsReadBackWithItsLearntStrength) {
  for (const std::string model : {"published", "table", "table_shared"}) {
    SCOPED_TRACE(model);
    Request asked;
    asked.model = train(model);
    asked.writes = 30;
    const auto rows = rows_of(trace(asked));
    ASSERT_EQ(rows.size(), 30u);
    for (const auto& row : rows) {
      EXPECT_EQ(row.at("source"), "trained");
      EXPECT_EQ(row.at("keys"), "5");
      EXPECT_EQ(row.at("normalization"), "attention");
      EXPECT_GT(number(row, "beta"), 0.2);  // near σ(0)
      EXPECT_LT(number(row, "beta"), 0.8);
      EXPECT_NE(row.at("beta"), "0.5");
      const double beta = number(row, "beta");
      if (number(row, "t") > 1) {
        EXPECT_NEAR(number(row, "removed") / number(row, "written"), (1 + beta) / beta, 1e-4);
      }
    }
    asked.beta = "1";
    EXPECT_EQ(rows_of(trace(asked)).front().at("beta"), "1");
  }
}

TEST_F(TrainedTrace, AModelThatDoesNotFitIsRefused) {
  Request asked;
  asked.model = train("published");
  const auto named = [&](const std::string& name) {
    std::filesystem::copy(asked.model, directory_ / name);
    Request other = asked;
    other.model = directory_ / name;
    return error_of(other);
  };
  EXPECT_THAT(named("S=6,L=6,memory=fast_weight,kernel=elu,key_dim=7,rule=delta"), testing::HasSubstr("is needed"));
  EXPECT_THAT(named("S=5,memory=softmax"), testing::HasSubstr("memory 'softmax' has no state of fixed size"));
  EXPECT_THAT(named("S=5,kernle=elu"), testing::HasSubstr("unknown parameter 'kernle'"));
  asked.kernel = "favor:8";
  EXPECT_THAT(error_of(asked), testing::HasSubstr("kernel 'favor:8' draws random features"));
  asked.kernel = "";
  std::filesystem::remove(asked.model / "W_beta.npy");
  EXPECT_THAT(error_of(asked), testing::HasSubstr("W_beta.npy'"));
}

}  // namespace
}  // namespace palimpsest::trace
