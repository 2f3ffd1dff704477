// Headers of the library, and of what it needs, as seen from a project around it.
#include <fmt/format.h>

#include "palimpsest/core/types.hpp"

int main() { fmt::print("{}\n", palimpsest::Vector<float>::Ones(3).sum()); }
