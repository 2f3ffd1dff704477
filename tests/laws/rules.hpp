// What a rule has, whichever it is: a law is compiled once, not once a rule.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "palimpsest/engine/one_query.hpp"
#include "palimpsest/engine/query_side.hpp"
#include "palimpsest/rule/all.hpp"
#include "reference/dense.hpp"

namespace palimpsest::laws {

using M = Matrix<double>;
using RuleVariant = Rules<double>::Variant;

/// Of every rule, and of the engine for those that say no more than their factors.
struct Workspaces {
  WorkspaceOf<Rules<double>>::type rules;
  Factors<double> factors;
  engine::OneQuery<double> one;
  engine::QuerySide<double> many;
  engine::QuerySide<double>::Kept kept;
};

struct Traits : RuleTraits {
  std::vector<Gate> gates;
};

/// Names of the rules with coefficients; the others are tested through the memory.
std::vector<std::string> linear_rules();

/// A rule as the dense reference has it.
RuleVariant make_rule(const std::string& name);

Traits traits(const RuleVariant& rule);

/// Gates strictly within their ranges, constants around where they start, ρ of any size.
Writes<double> writes(const Traits& is, Index p, Index L);

/// The gates of the first n writes.
Writes<double> first(const Traits& is, const Writes<double>& writes, Index n);

/// Gates of write t by name.
reference::Gates gates_of(const Traits& is, const Writes<double>& writes, Index t);

/// Whether it is a recurrence of one step a write.
bool has_step(const RuleVariant& rule);

/// Whether its gradient may go through the division of keys.
bool undivides(const RuleVariant& rule);

/// (a, e, w) of write t by a rule that is a recurrence.
std::optional<WriteStep<double>> step(const RuleVariant& rule, const M& K, const Writes<double>& writes, Index t);

void coefficients(const RuleVariant& rule, ConstMatrixView<double> K, const Writes<double>& writes,
                  ConstMatrixView<double> Q, MatrixView<double> C, Workspaces& work);

void backward(const RuleVariant& rule, ConstMatrixView<double> K, const Writes<double>& writes,
              ConstMatrixView<double> Q, ConstMatrixView<double> C, ConstMatrixView<double> dC, Workspaces& work,
              MatrixView<double> dK, Writes<double>& dwrites, MatrixView<double> dQ);

/// The same of keys that were divided, by a rule that doesn't leave that to others.
void backward(const RuleVariant& rule, const M& K, const Writes<double>& writes, const M& Q, const M& dC,
              const Division<double>& division, M& dK);

/// C: L×N, in a window and a workspace of its own.
M coefficients(const RuleVariant& rule, const M& K, const Writes<double>& writes, const M& Q);

}  // namespace palimpsest::laws
