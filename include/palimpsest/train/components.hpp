// All swappable parts by kind, for --list and for error messages.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "palimpsest/core/registry.hpp"

namespace palimpsest {

/// Each kind ("kernel", "rule", …) with its components, in the order of the lists.
std::vector<std::pair<std::string, std::vector<ComponentDescription>>> components();

}  // namespace palimpsest
