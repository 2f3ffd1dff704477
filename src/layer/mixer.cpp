#include "palimpsest/layer/mixer_impl.hpp"

template class palimpsest::Mixer<float>;
