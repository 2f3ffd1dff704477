#include "palimpsest/pair/fast_weight_rule_impl.hpp"

namespace palimpsest {

using Memory = FastWeight<double>;
template bool Memory::rule_backward(Index, Index, ConstMatrixView<double>, ConstMatrixView<double>, Kept&);

}  // namespace palimpsest
