#include "palimpsest/engine/state_side_impl.hpp"

template class palimpsest::engine::StateSide<float>;
