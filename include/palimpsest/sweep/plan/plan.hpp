// The points of a sweep, resolved and checked before any is run.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "palimpsest/sweep/plan/specification.hpp"

namespace palimpsest::sweep {

/// A point's parameters as the results write them, in the order of parameters(); empty where one doesn't apply.
using Key = std::vector<std::string>;

struct Point {
  Configuration configuration;  ///< parameters that don't apply have their defaults, so that equal keys run equally
  Key key;
  std::optional<std::string> skip;  ///< why it has no meaning
  double cost = 0;                  ///< floating point operations, if it trains for max_steps; 0 if skipped
};

/// Throws ConfigurationError, as validate() does, if it can't be run.
Point resolve(Configuration configuration);

/// Group after group, each in the order of combinations(); a point that comes twice counts where it comes first. Of a
/// search these are the points that it starts with, one a curve and seed. Throws as resolve() does.
std::vector<Point> plan(const Specification& specification);

/// That of the tasks of these points of one sweep; of none, pairs.
Family family_of(const std::vector<Point>& points);

/// `S=20 L=20 kernel=elu …`: all of a key that isn't empty.
std::string describe(const Key& key);

/// The few words that tell points apart at a glance: kernel or memory, S, L and seed.
std::string label(const Point& point);

/// `S=20,L=20,memory=softmax,seed=1`: memory, kernel, S, L, seed, and what else differs from the defaults.
std::string short_name(const Key& key);

/// The same as a file's name, which depends on the point alone: what some file systems or stores refuse (`/ \ : * ? " < > |`)
/// becomes `_`. One above 200 bytes, which with its endings may be longer than the 255 of a file's name, is cut behind a value
/// and ends with `hash=`, FNV-1a of all the point's `NAME=VALUE`, by name, with commas between.
std::string file_name(const Key& key);

}  // namespace palimpsest::sweep
