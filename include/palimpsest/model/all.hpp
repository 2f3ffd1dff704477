// The list of mini-models; add yours here.
#pragma once

#include "palimpsest/core/registry.hpp"
#include "palimpsest/model/published.hpp"
#include "palimpsest/model/table.hpp"

namespace palimpsest {

template <class T>
using Models = TypeList<PublishedModel<T>, TableModel<T>, SharedTableModel<T>>;

}  // namespace palimpsest
