#include "palimpsest/engine/state_side_impl.hpp"

// Of dense values alone: in single precision nothing reads others from this side, and each kind is much to compile.
namespace palimpsest::engine {

template void StateSide<float>::read(const Factors<float>&, const Dense<float>&, ConstMatrixView<float>,
                                     const std::vector<Index>&, MatrixView<float>, Kept&, Ends<float>, Index);
template void StateSide<float>::read_backward(const Factors<float>&, const Dense<float>&, ConstMatrixView<float>,
                                              ConstMatrixView<float>, const Kept&, Factors<float>&, MatrixView<float>,
                                              std::optional<MatrixView<float>>);

}  // namespace palimpsest::engine
