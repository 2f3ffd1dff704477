#include "palimpsest/pair/fast_weight_impl.hpp"

template class palimpsest::FastWeight<double>;
