#include "palimpsest/layer/sequence_model_impl.hpp"

template class palimpsest::SequenceModel<float>;
