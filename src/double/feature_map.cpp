#include "palimpsest/memory/feature_map.hpp"

template class palimpsest::FeatureMap<double>;
