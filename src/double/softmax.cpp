#include "palimpsest/memory/softmax.hpp"

template class palimpsest::SoftmaxMemory<double>;
