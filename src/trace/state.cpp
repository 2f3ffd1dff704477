#include "palimpsest/memory/state.hpp"

template class palimpsest::FastWeightState<float>;
template class palimpsest::FastWeightState<double>;
