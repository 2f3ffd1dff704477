#include "palimpsest/sweep/run/interrupt.hpp"

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
  sigemptyset(&action.sa_mask);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGXCPU}) {
    struct sigaction before {};
    sigaction(number, nullptr, &before);
    if (number == SIGHUP && before.sa_handler == SIG_IGN) continue;  // under nohup
    // Past its limit of processor time a process gets SIGXCPU every second.
    action.sa_flags = SA_RESTART | (number == SIGXCPU ? 0 : SA_RESETHAND);
    sigaction(number, &action, nullptr);
  }
  return cancelled;
}

int received_signal() { return signal_number; }

}  // namespace palimpsest::sweep
