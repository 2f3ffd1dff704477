// What a mini-model is: trained parameters and the tables they make for a memory.
//
//   name, summary                         see core/registry.hpp
//   Model(shape, init, seed)              parameters as drawn
//   encode(keys, tables)                  tables for all S keys and values, and the queries of these N keys
//   backward(keys, gradient)              parameter gradients (overwritten) from those of the tables; after encode
//   parameters()                          the trained parameters, in a fixed order
//   keys_depend_on_values                 whether tables have values
//   operations(shape, N)                  how many encode and backward need (core/operations.hpp)
//   parameter_count(shape)                entries of the parameters, without making them
#pragma once

#include <vector>

#include "palimpsest/core/operations.hpp"
#include "palimpsest/core/parameter.hpp"
#include "palimpsest/core/random.hpp"
#include "palimpsest/pair/token_tables.hpp"
