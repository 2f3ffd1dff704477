// A declared sweep: which values each parameter takes. Read from TOML, narrowed from the command line.
//
//   name = "…"                 # optional; else the file's name says it
//   description = "…"
//   protocol = "fast"          # optional, the default (of tasks of tokens: "sequence"): values of how points are trained,
//                              # see train/configuration.hpp
//   [baseline]                 # one value a parameter, for all groups; the others keep those of the protocol
//   key_dim = 64
//   L = "S"                    # or "2S", …: a multiple of each point's S
//   [axes]                     # values for all groups: an array, or a range "first:last:step"
//   S = "20:600:20"
//   [[group]]                  # optional; the sweep is the union of its groups
//   memory = "fast_weight"
//   axes.kernel = ["elu", "dpfp:1"]
//   [search]                   # optional, in place of S: see sweep/plan/search.hpp
//   first = 4
//   largest = 1024
//   criteria = ["final_loss <= 0.001"]   # the default
//   resolution = 0.05                    # the default
//   step = 1                             # the default
//   failures = 1                         # the default
//   beyond = 0                           # the default
//   [quick]                    # optional: axes of the form that `sweep --quick` runs, as if by --axis, but that a group to which a
//                              # parameter doesn't apply stays
//   S = [20, 100]
//
// A group's own values win over [axes], which win over [baseline], which wins over the protocol.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "palimpsest/sweep/plan/parameter.hpp"
#include "palimpsest/sweep/plan/search.hpp"

namespace palimpsest::sweep {

/// The values of every parameter, in the order of parameters(); the group's points are their product.
using Group = std::vector<std::vector<std::string>>;

struct Specification {
  std::string name;
  std::string description;
  std::vector<Group> groups;
  std::optional<Search> search;  ///< then S has one value in every group, without meaning
  bool operator==(const Specification&) const = default;
};

/// That of its tasks; no sweep has several.
Family family_of(const Specification& specification);

/// How a declared sweep is to be read.
struct Reading {
  std::string protocol;   ///< in place of its own; empty: its own
  bool quick = false;     ///< its quick form
  std::string task = {};  ///< which decides what is assumed where it says nothing; empty: its own
};

/// Throws ConfigurationError with `source:line` for malformed TOML, an unknown key, a wrong type or a value out of
/// range, and for a reading that it doesn't allow.
Specification parse_specification(std::string_view toml, const std::string& source, const Reading& reading = {});

/// The same from a file; its stem is the name of a sweep that gives itself none.
Specification load_specification(const std::filesystem::path& path, const Reading& reading = {});

/// The file of a declared sweep: a path if it has a slash or ends in .toml, else `directory/NAME.toml`. Throws
/// ConfigurationError with the names declared in `directory` if it isn't there.
std::filesystem::path find_sweep(const std::string& name_or_path, const std::filesystem::path& directory);

/// The specification as parse_specification reads it, every value written out. Equal specifications give equal text.
std::string to_toml(const Specification& specification);

/// What the command line changes: `--set NAME=VALUE` or `--axis NAME=VALUES`; and [quick], once the quick form is asked for.
struct Override {
  enum Kind { set, axis, quick };
  Kind kind;
  const Parameter* parameter;
  std::vector<std::string> values;
};

/// From `NAME=…`. Throws ConfigurationError for an unknown parameter or malformed values.
Override parse_override(Override::Kind kind, std::string_view text);

/// `set` fixes a parameter wherever it applies. `axis` leaves out the groups that the parameter doesn't apply to and
/// replaces its values in the others: a value goes to the groups that declare it; a new one to those that declare the
/// same component with another argument; failing that, to all. So `memory=softmax` selects the group of that memory,
/// and `S=30` is new everywhere. The overrides are taken in the order of parameters(), whatever order they come in.
/// `quick` does the same, but keeps the groups that the parameter doesn't apply to. A value of S ends a search: the sweep is an ordinary one then.
/// Throws ConfigurationError if a parameter is overridden twice or applies to no point.
void apply(std::vector<Override> overrides, Specification& specification);

/// The product of a group's values, each a value of every parameter: S, L and seed change fastest (a curve stays
/// together), the others in order.
std::vector<std::vector<std::string>> combinations(const Group& group);

/// `S from 4 to 1024, final_loss <= 0.001, resolution 0.05, and 2 times the capacity`: one line for people.
std::string describe(const Search& search);

/// One line for people: the values of the parameters that differ from the defaults, ranges as ranges.
std::string describe(const Group& group);

}  // namespace palimpsest::sweep
