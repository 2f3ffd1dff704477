#include "palimpsest/train/operations.hpp"

#include <algorithm>
#include <cmath>

#include "palimpsest/memory/all.hpp"
#include "palimpsest/memory/operations.hpp"
#include "palimpsest/model/all.hpp"
#include "palimpsest/theory/published_bound.hpp"
#include "palimpsest/train/adam.hpp"
#include "palimpsest/train/evaluation.hpp"

namespace palimpsest {
namespace {

using Real = float;

struct ModelFacts {
  Operations training, evaluation;
  double parameters;
  bool keys_depend_on_values;
};

ModelFacts model_facts(const Configuration& configuration) {
  const auto shape = token_shape(configuration);
  ModelFacts facts{};
  Models<Real>::for_each([&]<class Model>() {
    if (Model::name == configuration.model)
      facts = {Model::operations(shape, double(configuration.batch)), Model::operations(shape, double(configuration.S)),
               Model::parameter_count(shape), Model::keys_depend_on_values};
  });
  return facts;
}

FastWeightOperations fast_weight(const Configuration& configuration, const TableShape& tables) {
  const auto kernel = std::visit([&](const auto& k) { return facts<Real>(k, configuration.key_dim); },
                                 make_component<Kernels<Real>>("kernel", configuration.kernel));
  return {kernel,
          std::visit([](const auto& r) { return facts(r); }, make_component<Rules<Real>>("rule", configuration.rule)),
          std::visit([&](const auto& n) { return facts(n, kernel.features); },
                     make_component<Normalizations<Real>>("normalization", configuration.normalization)),
          tables};
}

/// Of new random features; 0 for a kernel without any.
double draw_operations(const Configuration& configuration) {
  return std::visit(
      [&]<class K>(const K& kernel) {
        if constexpr (requires { kernel.draw_operations(Index(1)); })
          return kernel.draw_operations(configuration.key_dim);
        return 0.0;
      },
      make_component<Kernels<Real>>("kernel", configuration.kernel));
}

/// The writes and queries of an evaluated sequence, as many as are to be expected: every key that was written is asked
/// for.
EpisodeShape evaluated_sequence(const Configuration& configuration) {
  const bool published = configuration.evaluation == "published_2021";
  const double S = double(configuration.S), L = published ? S : double(configuration.L);
  const double written = configuration.replacement ? S * -std::expm1(L * std::log1p(-1 / S)) : L;
  return {L, published ? std::min(written, double(theory::published_max_queries)) : written};
}

}  // namespace

PointOperations count_operations(const Configuration& configuration) {
  const auto model = model_facts(configuration);
  const Index S = configuration.S, batch = configuration.batch;
  const double L = double(configuration.L), B = double(batch), sequences = double(configuration.evaluation_sequences);
  const TableShape trained{S, configuration.key_dim, model.keys_depend_on_values, batch};
  const TableShape evaluated{S, configuration.key_dim, model.keys_depend_on_values, S};
  const auto sequence = evaluated_sequence(configuration);
  const double losses = 3 * double(S);  // of a query's S outputs: squared and added; and the gradient, or the largest
  PointOperations operations{model.training.both() + model.parameters * kAdamOperations + B * losses,
                             model.evaluation.forward + sequences * sequence.N * losses};
  if (is_softmax(configuration)) {
    operations.step += (softmax_shared(trained) + B * softmax_episode({L, 1})).both();
    operations.evaluation += (softmax_shared(evaluated) + sequences * softmax_episode(sequence)).forward;
    return operations;
  }
  const double draw = draw_operations(configuration);
  const Index interval = redraw_interval(configuration.redraw);
  const double passes = interval == 1 ? sequences : 1;  // random features of an evaluation
  operations.step +=
      fast_weight(configuration, trained).step(L, B).both() + (interval > 0 ? draw / double(interval) : 0);
  const auto memory = fast_weight(configuration, evaluated);
  operations.evaluation += passes * memory.shared().forward + sequences * memory.episode(sequence).forward;
  if (interval == 1) operations.evaluation += sequences * draw;
  return operations;
}

double evaluations(const Configuration& configuration, double steps) {
  return std::ceil(steps / double(configuration.evaluation_every)) + 1;
}

double cost_estimate(const Configuration& configuration) {
  const auto operations = count_operations(configuration);
  const double steps = double(configuration.max_steps);
  // Rounded, so that machines whose mathematical functions differ in the last digit deal the same shards.
  return static_cast<float>(steps * operations.step + evaluations(configuration, steps) * operations.evaluation);
}

}  // namespace palimpsest
