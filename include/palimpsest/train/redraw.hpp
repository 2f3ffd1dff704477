// Which stream the random features of an evaluation are drawn from, where they are drawn at every pass.
#pragma once

#include "palimpsest/core/random.hpp"

namespace palimpsest {

constexpr Purpose redraw_for(Purpose evaluation) {
  return evaluation == Purpose::final_evaluation ? Purpose::final_redraw : Purpose::evaluation_redraw;
}

}  // namespace palimpsest
