#include "palimpsest/core/product_impl.hpp"

namespace palimpsest {

template void set_product<double>(Window<const double>, Window<const double>, Window<double>);
template void add_product<double>(Window<const double>, Window<const double>, Window<double>, double);

}  // namespace palimpsest
