#include "palimpsest/memory/fast_weight.hpp"

template class palimpsest::FastWeight<double>;
