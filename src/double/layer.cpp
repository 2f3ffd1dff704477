#include "palimpsest/layer/cross_entropy.hpp"
#include "palimpsest/layer/linear.hpp"
#include "palimpsest/layer/rms_norm.hpp"
#include "palimpsest/layer/short_convolution.hpp"
#include "palimpsest/layer/swiglu.hpp"

template class palimpsest::CrossEntropy<double>;
template class palimpsest::Linear<double>;
template class palimpsest::RmsNorm<double>;
template class palimpsest::ShortConvolution<double>;
template class palimpsest::SwiGlu<double>;
