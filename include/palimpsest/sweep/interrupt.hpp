// Ctrl-C, or a cluster's polite kill, asks the sweep to stop; a second one ends the process at once.
#pragma once

#include <atomic>

namespace palimpsest::sweep {

/// From now on SIGINT and SIGTERM set the flag that this returns.
std::atomic<bool>& cancel_on_signals();

/// The one that came, or 0.
int received_signal();

}  // namespace palimpsest::sweep
