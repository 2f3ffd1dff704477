#include "palimpsest/pair/fast_weight_impl.hpp"
#include "palimpsest/pair/fast_weight_rule_impl.hpp"

template class palimpsest::FastWeight<double>;
