#include "palimpsest/train/operations.hpp"

#include <algorithm>
#include <cmath>

#include "palimpsest/model/all.hpp"
#include "palimpsest/theory/published_bound.hpp"
#include "palimpsest/train/adam.hpp"
#include "palimpsest/train/evaluation.hpp"
#include "palimpsest/train/parts.hpp"

namespace palimpsest {
namespace {

using Real = float;

struct ModelFacts {
  Operations training, evaluation;
  double parameters;
  bool keys_depend_on_values;
};

ModelFacts model_facts(const Configuration& configuration, const TokenShape& shape) {
  ModelFacts facts{};
  Models<Real>::for_each([&]<class Model>() {
    if (Model::name == configuration.model)
      facts = {Model::operations(shape, double(configuration.batch)), Model::operations(shape, double(configuration.S)),
               Model::parameter_count(shape), Model::keys_depend_on_values};
  });
  return facts;
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
  return std::visit(
      [&](const auto& memory) {
        const auto model = model_facts(configuration, memory.token_shape(configuration.S));
        const Index S = configuration.S, batch = configuration.batch;
        const double L = double(configuration.L), B = double(batch);
        const double sequences = double(configuration.evaluation_sequences);
        const auto sequence = evaluated_sequence(configuration);
        const double losses =
            3 * double(S);  // of a query's S outputs: squared and added; and the gradient, or the largest
        PointOperations operations{model.training.both() + model.parameters * kAdamOperations + B * losses,
                                   model.evaluation.forward + sequences * sequence.N * losses};
        const double draw = memory.draw_operations();
        const Index interval = draw > 0 ? redraw_interval(configuration.redraw) : 0;
        const double passes = interval == 1 ? sequences : 1;  // random features of an evaluation
        const auto trained = memory.operations({S, configuration.key_dim, model.keys_depend_on_values, batch});
        const auto evaluated = memory.operations({S, configuration.key_dim, model.keys_depend_on_values, S});
        operations.step += trained.step(L, B).both() + (interval > 0 ? draw / double(interval) : 0);
        operations.evaluation += passes * evaluated.shared().forward + sequences * evaluated.episode(sequence).forward;
        if (interval == 1) operations.evaluation += sequences * draw;
        return operations;
      },
      make_memory(configuration));
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
