// Traces of the keys and gates of a trained model.
#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "palimpsest/core/npy.hpp"
#include "palimpsest/trace/source.hpp"
#include "palimpsest/train/point.hpp"
#include "reference/dense.hpp"
#include "trace/rows.hpp"

namespace palimpsest::trace {
namespace {

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
    asked.gates["beta"] = "1";
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
