#include "palimpsest/pair/fast_weight_rule_impl.hpp"

namespace palimpsest {

using Memory = FastWeight<float>;
template bool Memory::rule_backward(Index, Index, ConstMatrixView<float>, ConstMatrixView<float>, Kept&);

}  // namespace palimpsest
