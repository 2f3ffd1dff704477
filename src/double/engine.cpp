#include "palimpsest/engine/query_side_impl.hpp"
#include "palimpsest/engine/state_side_impl.hpp"

template class palimpsest::engine::QuerySide<double>;
template class palimpsest::engine::StateSide<double>;
