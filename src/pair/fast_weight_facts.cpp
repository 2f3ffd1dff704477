#include "palimpsest/pair/fast_weight_facts_impl.hpp"

namespace palimpsest {

using Memory = FastWeight<float>;
template Memory::FastWeight(const MemoryOptions&);
template bool Memory::reads(std::string_view) const;
template std::optional<std::string> Memory::refusal() const;
template Index Memory::rank() const;
template bool Memory::knows_order() const;
template TokenShape Memory::token_shape(Index) const;
template Index Memory::state_floats(Index, Index) const;
template FastWeightOperations Memory::operations(const TableShape&) const;
template double Memory::draw_operations() const;
template std::vector<std::pair<std::string, std::string>> Memory::parts() const;

}  // namespace palimpsest
