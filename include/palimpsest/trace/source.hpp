// Where the keys of a trace come from: tables of random keys, or those that a trained model makes.
#pragma once

#include <filesystem>
#include <vector>

#include "palimpsest/core/parameter.hpp"
#include "palimpsest/pair/token_tables.hpp"
#include "palimpsest/train/configuration.hpp"

namespace palimpsest::trace {

/// The point of a directory that `sweep --save-model` made: as its point.toml says, or else its name, NAME=VALUE,NAME=VALUE. Throws ConfigurationError if it
/// isn't one, or a point that has no fast weight memory.
Configuration point_of(const std::filesystem::path& model);

/// Takes parameters from the arrays of their names in a model's directory. Throws ConfigurationError if one is missing or
/// of another shape.
template <class T>
void read_parameters(const std::filesystem::path& model, const std::vector<Parameter<T>*>& parameters);

/// The tables of that point with its parameters, all S keys asked. Throws ConfigurationError if an array is missing or
/// of another shape.
TokenTables<float> trained_tables(const std::filesystem::path& model, const Configuration& configuration);

/// N random keys of size d for a rule of n steps a write, and queries that are the mean of a key's n. With `unit` keys
/// are uniform on the sphere, else their entries N(0, 1).
TokenTables<float> random_tables(Index N, Index d, Index n, bool unit, std::uint64_t seed);

}  // namespace palimpsest::trace
