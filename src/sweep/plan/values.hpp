// What a parameter's values may be: plain ones, and those that are said by another parameter's (`2S`, `1024/pairs`).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "palimpsest/sweep/plan/parameter.hpp"

namespace palimpsest::sweep {

/// Throws ConfigurationError: the name, the value, and what is allowed.
[[noreturn]] void refuse(std::string_view name, std::string_view text, std::string_view allowed);

Parameter text(std::string_view name, std::string Configuration::*field, std::string_view meaning);
Parameter integer(std::string_view name, Index Configuration::*field, std::int64_t least, std::string_view meaning);
Parameter seed(std::string_view name, std::uint64_t Configuration::*field, std::string_view meaning);
Parameter real(std::string_view name, double Configuration::*field, bool zero_allowed, std::string_view meaning);
Parameter boolean(std::string_view name, bool Configuration::*field, std::string_view meaning);

/// `learnt` or a number, whose range depends on the rule.
Parameter gate(std::string_view name, std::string Configuration::*field, std::string_view meaning);

/// L: a number, or a multiple of S.
Parameter writes(std::string_view meaning);

/// key_dim: a number, or `width/heads`.
Parameter key_size(std::string_view meaning);

/// Sequences in a step; by the size of each, so that steps of all sizes have about as many questions.
Parameter batch_size(std::string_view meaning);

/// Numbers of pairs; `pairs` is the one of that parameter.
Parameter mixture(std::string_view name, std::string Configuration::*field, std::string_view meaning);

/// Tokens in a sequence: a multiple of one number of pairs is said as the number that it is.
Parameter tokens(std::string_view name, std::string Configuration::*field, std::string Configuration::*pairs,
                 std::string_view meaning);

/// Kinds of stories, in their order.
Parameter kinds(std::string_view name, std::string Configuration::*field, std::string_view meaning);

/// A number, or as many as there are entities, whatever their number is.
Parameter like_entities(std::string_view name, std::string Configuration::*field, std::string_view meaning);

}  // namespace palimpsest::sweep
