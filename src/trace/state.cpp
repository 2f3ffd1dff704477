#include "palimpsest/memory/state.hpp"

template class palimpsest::FastWeightState<float>;
template class palimpsest::FastWeightState<double>;
template class palimpsest::FastWeightState<float, Eigen::bfloat16>;
template class palimpsest::FastWeightState<float, Eigen::half>;
