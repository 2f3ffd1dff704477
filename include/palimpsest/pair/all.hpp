// The lists of memories of pairs and of mini-models that learn keys for them; add yours here.
#pragma once

#include "palimpsest/core/registry.hpp"
#include "palimpsest/pair/fast_weight.hpp"
#include "palimpsest/pair/published_model.hpp"
#include "palimpsest/pair/softmax.hpp"
#include "palimpsest/pair/table_model.hpp"

namespace palimpsest {

template <class T>
using Memories = TypeList<FastWeight<T>, SoftmaxMemory<T>, WindowMemory<T>>;

template <class T>
using Models = TypeList<PublishedModel<T>, TableModel<T>, SharedTableModel<T>>;

}  // namespace palimpsest
