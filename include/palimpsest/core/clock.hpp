// Processor time of the thread that asks, in seconds.
#pragma once

#include <time.h>

namespace palimpsest {

inline double thread_seconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

}  // namespace palimpsest
