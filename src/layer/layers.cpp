#include "palimpsest/layer/cross_entropy.hpp"
#include "palimpsest/layer/linear.hpp"
#include "palimpsest/layer/rms_norm.hpp"
#include "palimpsest/layer/short_convolution.hpp"
#include "palimpsest/layer/swiglu.hpp"

template class palimpsest::CrossEntropy<float>;
template class palimpsest::Linear<float>;
template class palimpsest::RmsNorm<float>;
template class palimpsest::ShortConvolution<float>;
template class palimpsest::SwiGlu<float>;
