// The list of update rules; add yours here.
#pragma once

#include <variant>

#include "palimpsest/core/registry.hpp"
#include "palimpsest/rule/comba.hpp"
#include "palimpsest/rule/decay.hpp"
#include "palimpsest/rule/delta.hpp"
#include "palimpsest/rule/delta_product.hpp"
#include "palimpsest/rule/fwm2021.hpp"
#include "palimpsest/rule/gated_delta.hpp"
#include "palimpsest/rule/gated_delta2.hpp"
#include "palimpsest/rule/gla.hpp"
#include "palimpsest/rule/kda.hpp"
#include "palimpsest/rule/longhorn.hpp"
#include "palimpsest/rule/mesa.hpp"
#include "palimpsest/rule/momentum_delta.hpp"
#include "palimpsest/rule/rls.hpp"
#include "palimpsest/rule/rwkv7.hpp"
#include "palimpsest/rule/sum.hpp"

namespace palimpsest {

template <class T>
using Rules = TypeList<SumRule<T>, DeltaRule<T>, Fwm2021Rule<T>, DecayRule<T>, GatedDeltaRule<T>, LonghornRule<T>,
                       RecursiveLeastSquares<T>, DeltaProductRule<T>, GlaRule<T>, KdaRule<T>, Rwkv7Rule<T>,
                       CombaRule<T>, GatedDelta2Rule<T>, MesaRule<T>, MomentumDeltaRule<T>>;

/// The workspace of whichever rule of a list it is; none at first.
template <class List>
struct WorkspaceOf;
template <class... R>
struct WorkspaceOf<TypeList<R...>> {
  using type = std::variant<std::monostate, typename R::Workspace...>;
};

/// That of rule R, which is made where there was none.
template <class R, class... W>
typename R::Workspace& workspace(std::variant<W...>& work) {
  using Workspace = typename R::Workspace;
  if (!std::holds_alternative<Workspace>(work)) work.template emplace<Workspace>();
  return std::get<Workspace>(work);
}

}  // namespace palimpsest
