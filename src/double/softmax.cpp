#include "palimpsest/pair/softmax.hpp"

template class palimpsest::SoftmaxMemory<double>;
