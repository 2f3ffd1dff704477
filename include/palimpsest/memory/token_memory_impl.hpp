// Bodies of memory/token_memory.hpp; only what instantiates them includes this.
#pragma once

#include <fmt/format.h>

#include <cassert>
#include <type_traits>

#include "palimpsest/memory/token_fast_weight_impl.hpp"
#include "palimpsest/memory/token_memory.hpp"
#include "palimpsest/memory/token_softmax_impl.hpp"

namespace palimpsest {

template <class T>
TokenMemory<T>::TokenMemory(const std::string& memory, const MemoryOptions& options)
    : memory_(make_component<TokenMemories<T>>("memory", memory, options)) {}

template <class T>
std::vector<std::pair<std::string, std::string>> TokenMemory<T>::parts() const {
  std::vector<std::pair<std::string, std::string>> all{{"memory", specification(memory_)}};
  for (auto& part : std::visit([](const auto& memory) { return memory.parts(); }, memory_)) all.push_back(part);
  return all;
}

template <class T>
std::optional<std::string> TokenMemory<T>::refusal() const {
  return std::visit([](const auto& memory) { return memory.refusal(); }, memory_);
}

template <class T>
Index TokenMemory<T>::feature_dim() const {
  return std::visit([](const auto& memory) { return memory.feature_dim(); }, memory_);
}

template <class T>
Index TokenMemory<T>::steps_per_write() const {
  return std::visit([](const auto& memory) { return memory.steps_per_write(); }, memory_);
}

template <class T>
std::vector<GateShape> TokenMemory<T>::gates() const {
  return std::visit([](const auto& memory) { return memory.gates(); }, memory_);
}

template <class T>
Index TokenMemory<T>::gate_rows() const {
  Index rows = 0;
  for (const auto& gate : gates()) rows += gate.rows;
  return rows;
}

template <class T>
std::vector<Parameter<T>*> TokenMemory<T>::parameters() {
  return std::visit([](auto& memory) { return memory.parameters(); }, memory_);
}

template <class T>
void TokenMemory<T>::start() {
  std::visit([](auto& memory) { memory.start(); }, memory_);
}

template <class T>
void TokenMemory<T>::draw(Stream& stream) {
  std::visit([&](auto& memory) { memory.draw(stream); }, memory_);
}

template <class T>
Index TokenMemory<T>::state_floats(Index d_v, Index length) const {
  return std::visit([&](const auto& memory) { return memory.state_floats(d_v, length); }, memory_);
}

template <class T>
std::optional<std::string> TokenMemory<T>::carry_refusal() const {
  return std::visit(
      []<class Memory>(const Memory& memory) -> std::optional<std::string> {
        if constexpr (requires { memory.carry_refusal(); })
          return memory.carry_refusal();
        else
          return fmt::format("memory '{}' keeps pairs and no state of fixed size; allowed is {}", specification(memory),
                             TokenFastWeight<T>::name);
      },
      memory_);
}

template <class T>
void TokenMemory<T>::answer_from(Side side) {
  if (auto* memory = std::get_if<TokenFastWeight<T>>(&memory_)) memory->answer_from(side);
}

template <class T>
void TokenMemory<T>::read(ConstMatrixView<T> K, ConstMatrixView<T> V, ConstMatrixView<T> logits, ConstMatrixView<T> Q,
                          const std::vector<Index>& seen, MatrixView<T> Y, Kept& kept, State* state) {
  std::visit(
      [&]<class Memory>(Memory& memory) {
        using Own = typename Memory::Kept;
        if (!std::holds_alternative<Own>(kept.of)) kept.of.template emplace<Own>();
        auto& own = std::get<Own>(kept.of);
        if constexpr (std::is_same_v<Memory, TokenFastWeight<T>>) {
          memory.read(K, V, logits, Q, seen, Y, own, state);
        } else {
          assert(!state && "see carry_refusal()");
          memory.read(K, V, logits, Q, seen, Y, own);
        }
      },
      memory_);
}

template <class T>
void TokenMemory<T>::backward(ConstMatrixView<T> K, ConstMatrixView<T> V, ConstMatrixView<T> logits,
                              ConstMatrixView<T> Q, ConstMatrixView<T> dY, Kept& kept, MatrixView<T> dK,
                              MatrixView<T> dV, MatrixView<T> dlogits, MatrixView<T> dQ) {
  std::visit(
      [&]<class Memory>(Memory& memory) {
        memory.backward(K, V, logits, Q, dY, std::get<typename Memory::Kept>(kept.of), dK, dV, dlogits, dQ);
      },
      memory_);
}

}  // namespace palimpsest
