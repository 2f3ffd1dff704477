#include "palimpsest/pair/fast_weight_rule_impl.hpp"

namespace palimpsest {

using Memory = FastWeight<float>;
template void Memory::coefficients(ConstMatrixView<float>, MatrixView<float>, Kept&);
template void Memory::answers(ConstMatrixView<float>, MatrixView<float>, Kept&) const;

}  // namespace palimpsest
