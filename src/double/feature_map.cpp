#include "palimpsest/memory/feature_map_impl.hpp"

template class palimpsest::FeatureMap<double>;
