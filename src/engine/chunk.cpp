#include "palimpsest/engine/chunk_impl.hpp"
#include "palimpsest/engine/solve.hpp"

namespace palimpsest::engine {

template class Chunk<float>;
template void solve(const ConstMatrixView<float>&, MatrixView<float>);
template void solve_transposed(const ConstMatrixView<float>&, MatrixView<float>);

}  // namespace palimpsest::engine
