#include "palimpsest/train/operations.hpp"

#include <algorithm>
#include <cmath>

#include "palimpsest/pair/all.hpp"
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

/// Tokens and questions of a sequence, averaged over the numbers of pairs.
struct TokenShapes {
  double tokens = 0, questions = 0;
};

TokenShapes token_shapes(const Configuration& configuration, const std::vector<TokenMember>& members) {
  TokenShapes shapes;
  if (family_of(configuration) == Family::text)  // all of it is known before there is a text
    return {.tokens = double(configuration.segment), .questions = double(configuration.segment)};
  for (const auto& member : members) {
    const auto sequence = any_sequence(member);
    shapes.tokens += double(sequence.tokens.size()) / double(members.size());
    shapes.questions += double(sequence.positions.size()) / double(members.size());
  }
  return shapes;
}

/// Of a forward pass of one sequence through a model of layers: products of matrices, and of each head's memory those of
/// chunks, or of all pairs of tokens for one without a state. The last layer answers where a question is asked.
double sequence_operations(const Configuration& c, TokenShapes shapes, double outputs) {
  const auto memory = make_token_memory(c);
  const double D = double(c.width), H = double(c.heads), d = double(c.key_dim), T = shapes.tokens;
  const double steps = double(memory.steps_per_write()), p = double(memory.feature_dim());
  const double rows = H * (d + steps * (d + D / H + double(memory.gate_rows())));
  const double chunk = std::min(64.0, T);
  const double mlp = c.mlp ? 3 * D * std::floor(8 * D / 3) : 0;
  const auto of_layer = [&](double asking) {
    const double read =
        p > 0 ? (steps * T + asking) / 2 * (chunk * (p + D / H) + 2 * p * D / H) : asking * T / 2 * (d + D / H);
    return 2 * T * D * rows + 2 * asking * (D * D + mlp) + 2 * H * read;
  };
  return double(c.layers - 1) * of_layer(T) + of_layer(shapes.questions) + 2 * shapes.questions * D * outputs;
}

PointOperations count_token_operations(const Configuration& c) {
  const auto members = make_token_tasks(c, true);
  const auto trained = token_shapes(c, make_token_tasks(c, false)), evaluated = token_shapes(c, members);
  const double outputs = std::visit([](const auto& t) { return double(t.outputs()); }, members[0].task);
  const double embedding = outputs * double(c.width) * kAdamOperations;
  double sequences = double(c.evaluation_sequences) * double(members.size());
  if (family_of(c) == Family::text)  // of a whole split, as many as of a twentieth of six million tokens
    sequences = c.evaluation_segments > 0 ? double(c.evaluation_segments) : 3e5 / double(c.segment);
  return {3 * double(c.batch) * sequence_operations(c, trained, outputs) + embedding,
          sequences * sequence_operations(c, evaluated, outputs)};
}

}  // namespace

PointOperations count_operations(const Configuration& configuration) {
  if (of_tokens(configuration)) return count_token_operations(configuration);
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
