// How many operations (core/operations.hpp) the memories need, put together from those of their components.
#pragma once

#include "palimpsest/core/operations.hpp"
#include "palimpsest/kernel/kernel.hpp"
#include "palimpsest/memory/accumulator.hpp"
#include "palimpsest/rule/fwm2021.hpp"
#include "palimpsest/rule/rule.hpp"

namespace palimpsest {

/// What a memory reads in a step: tables of S keys of size d, and perhaps of as many values, with some queries.
struct TableShape {
  Index S, d;
  bool keys_depend_on_values;
  Index queries;
};

/// L writes, N of the queries asked (or how many are expected to be).
struct EpisodeShape {
  double L, N;
};

/// What a fast weight memory's operations follow from.
struct KernelFacts {
  Index features, lifted_dim;
  Operations token, lift;
  bool factors;
};

struct RuleFacts {
  Operations (*operations)(const RuleShape&);
  Index steps_per_write;
  bool separable, retrieves, linear_in_values;
};

struct NormalizationFacts {
  Operations token;
  bool accumulates, maps_tokens;
};

/// d: size of a key before the feature map.
template <class T, Kernel<T> K>
KernelFacts facts(const K& kernel, Index d) {
  return {kernel.feature_dim(d), lifted_dim<T>(kernel, d), operations<T>(kernel, d), lift_operations<T>(kernel, d),
          K::traits.factors};
}

template <AnyRule R>
RuleFacts facts(const R& rule) {
  return {R::operations, rule.steps_per_write(), R::traits.separable, R::traits.retrieves, R::traits.linear_in_values};
}

template <class N>
NormalizationFacts facts(const N&, Index features) {
  return {N::operations(features), N::traits.accumulates, N::traits.maps_tokens};
}

class FastWeightOperations {
 public:
  FastWeightOperations(const KernelFacts& kernel, const RuleFacts& rule, const NormalizationFacts& normalization,
                       const TableShape& tables)
      : kernel_(kernel), rule_(rule), normalization_(normalization), tables_(tables) {}

  /// What all episodes of a step share: lifts of the tables, features of the queries; and where a write's coefficients
  /// can be had from features of its key, or of its key and its value, those.
  Operations shared() const {
    const double keys = double(tables_.S * rule_.steps_per_write), values = tables_.keys_depend_on_values ? keys : 0;
    const double queries = double(tables_.queries);
    auto sum = (keys + values + queries) * kernel_.lift + queries * token();
    if (looked_up())
      sum = sum + keys * token() + rule_.operations({double(tables_.S), keys, queries, double(kernel_.features)});
    return sum;
  }

  /// Features of the writes as sums of two table entries, coefficients, their divisors, and Y = V C.
  Operations episode(const EpisodeShape& episode) const {
    const double L = episode.L * double(rule_.steps_per_write), entries = L * episode.N;
    if (looked_up()) return read_out(entries) + Operations{0, entries};
    const RuleShape shape{double(tables_.S), L, episode.N, double(kernel_.features)};
    const double gathered = double(kernel_.lifted_dim);
    auto sum = L * (token() + Operations{gathered, 2 * gathered}) + rule_.operations(shape);
    if (normalization_.accumulates && !rule_.separable)
      sum = sum + Accumulator<double>::operations(shape, rule_.retrieves);
    return rule_.linear_in_values ? sum + read_out(entries) : sum;
  }

  /// The same of B episodes with one query each, as in training, and what they share. If the kernel's features of a sum
  /// are a product, none of a write are formed but those of the tables' entries: c = √p e^{−a·b} Σ_j φ(a)_j φ(b)_j u_j,
  /// and back three gradients of such a product.
  Operations step(double L, double B) const {
    if (!kernel_.factors || !rule_.separable || normalization_.maps_tokens || !tables_.keys_depend_on_values)
      return shared() + B * episode({L, 1});
    const double p = double(kernel_.features), d = double(tables_.d);
    const Operations write{2 * d + kExponential + 3 * p, 4 * d + 9 * p};
    return shared() + 2 * double(tables_.S) * token() + B * (L * write + read_out(L));
  }

 private:
  /// With keys that don't depend on values, writes that answer as if alone have one coefficient per key and query.
  bool looked_up() const { return rule_.separable && !tables_.keys_depend_on_values; }

  Operations token() const { return kernel_.token + normalization_.token; }

  /// The scatter to the values; the sum of a query's coefficients and the division by it, c' = c/(Σc + ε), of which the
  /// adjoint is dc = (dc' − c'·dc')/(Σc + ε).
  Operations read_out(double entries) const {
    return normalization_.accumulates ? Operations{3 * entries, 4 * entries} : Operations{entries, 0};
  }

  KernelFacts kernel_;
  RuleFacts rule_;
  NormalizationFacts normalization_;
  TableShape tables_;
};

class SoftmaxOperations {
 public:
  explicit SoftmaxOperations(const TableShape& tables) : tables_(tables) {}

  /// What all episodes of a step share: logits, and their adjoint by the keys and by the queries, for one table or two.
  Operations shared() const {
    const double table = 2 * double(tables_.d) * double(tables_.S) * double(tables_.queries);
    return (tables_.keys_depend_on_values ? 2 : 1) * Operations{table, 2 * table};
  }

  /// Its logits looked up: subtract the maximum, exponential, normalise, Y = V C.
  Operations episode(const EpisodeShape& x) const {
    const double entries = x.L * x.N;
    return {(kExponential + 6) * entries, 6 * entries};
  }

  Operations step(double L, double B) const { return shared() + B * episode({L, 1}); }

 private:
  TableShape tables_;
};

}  // namespace palimpsest
