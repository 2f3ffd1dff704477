#include "palimpsest/sweep/interrupt.hpp"

#include <csignal>

namespace palimpsest::sweep {
namespace {

std::atomic<bool> cancelled = false;
volatile std::sig_atomic_t signal_number = 0;

void on_signal(int number) {
  signal_number = number;
  cancelled = true;
}

}  // namespace

std::atomic<bool>& cancel_on_signals() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESETHAND | SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  return cancelled;
}

int received_signal() { return signal_number; }

}  // namespace palimpsest::sweep
