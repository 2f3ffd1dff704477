#include "palimpsest/engine/chunk_impl.hpp"
#include "palimpsest/engine/query_side_impl.hpp"
#include "palimpsest/engine/solve.hpp"
#include "palimpsest/engine/state_side_impl.hpp"

namespace palimpsest::engine {

template class Chunk<double>;
template void solve(const ConstMatrixView<double>&, MatrixView<double>);
template void solve_transposed(const ConstMatrixView<double>&, MatrixView<double>);
template class QuerySide<double>;
template class StateSide<double>;

}  // namespace palimpsest::engine
