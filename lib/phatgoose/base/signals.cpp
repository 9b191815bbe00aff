#include "phatgoose/base/signals.h"

#include <atomic>
#include <csignal>

namespace phatgoose {
namespace {

std::atomic<bool> stop_flag{false};
static_assert(std::atomic<bool>::is_always_lock_free, "the flag is set inside a signal handler");

extern "C" void on_stop_signal(int signal) {
  if (signal == SIGINT && stop_flag.load()) {
    std::signal(SIGINT, SIG_DFL);
    std::raise(SIGINT);
  }
  request_stop();
}

}  // namespace

void catch_stop_signals() {
  struct sigaction action {};
  action.sa_handler = on_stop_signal;
  action.sa_flags = SA_RESTART;
  ::sigemptyset(&action.sa_mask);
  for (const int signal : {SIGTERM, SIGINT, SIGUSR2}) ::sigaction(signal, &action, nullptr);
}

bool stop_requested() noexcept { return stop_flag.load(); }
void request_stop() noexcept { stop_flag.store(true); }
void clear_stop_request() noexcept { stop_flag.store(false); }

}  // namespace phatgoose
