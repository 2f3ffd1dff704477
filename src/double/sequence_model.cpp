#include "palimpsest/layer/mixer_impl.hpp"
#include "palimpsest/layer/sequence_model_impl.hpp"

template class palimpsest::Mixer<double>;
template class palimpsest::SequenceModel<double>;
