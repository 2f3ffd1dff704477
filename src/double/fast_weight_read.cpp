#include "palimpsest/pair/fast_weight_rule_impl.hpp"

namespace palimpsest {

using Memory = FastWeight<double>;
template void Memory::coefficients(ConstMatrixView<double>, MatrixView<double>, Kept&);
template void Memory::answers(ConstMatrixView<double>, MatrixView<double>, Kept&) const;

}  // namespace palimpsest
