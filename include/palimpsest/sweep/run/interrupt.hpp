// Ctrl-C, a closed terminal, or a cluster's polite kill asks the sweep to stop; the same signal again ends the process
// at once.
#pragma once

#include <atomic>

namespace palimpsest::sweep {

/// From now on SIGINT, SIGTERM, SIGUSR1, SIGXCPU, and SIGHUP unless it is ignored, set the flag that this returns.
std::atomic<bool>& cancel_on_signals();

/// The one that came, or 0.
int received_signal();

}  // namespace palimpsest::sweep
