#include "palimpsest/core/product_impl.hpp"

namespace palimpsest {

template void set_product<float>(Window<const float>, Window<const float>, Window<float>);
template void add_product<float>(Window<const float>, Window<const float>, Window<float>, float);

}  // namespace palimpsest
