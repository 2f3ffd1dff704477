#include "palimpsest/memory/token_memory_impl.hpp"

template class palimpsest::TokenMemory<float>;
