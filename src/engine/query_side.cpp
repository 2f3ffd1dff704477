#include "palimpsest/engine/query_side_impl.hpp"

template class palimpsest::engine::QuerySide<float>;
