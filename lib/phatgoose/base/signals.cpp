#include "phatgoose/base/signals.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <ctime>

#include "phatgoose/base/terminal.h"

namespace phatgoose {
namespace {

struct StopSignal {
  int number;
  const char* name;
};

constexpr std::array<StopSignal, 6> kStopSignals = {{{SIGTERM, "SIGTERM"},
                                                     {SIGINT, "SIGINT"},
                                                     {SIGHUP, "SIGHUP"},
                                                     {SIGUSR1, "SIGUSR1"},
                                                     {SIGUSR2, "SIGUSR2"},
                                                     {SIGXCPU, "SIGXCPU"}}};

/// Whole lines, made before they are needed: a handler cannot allocate.
struct StopLines {
  std::array<std::string, kStopSignals.size()> first;
  std::string again;
};

std::atomic<bool> stop_flag{false};
std::atomic<std::int64_t> first_at{0};  // nanoseconds of the monotonic clock; 0: no signal yet
std::atomic<std::int64_t> burst_length{0};
std::atomic<const StopLines*> stop_lines{nullptr};
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<std::int64_t>::is_always_lock_free &&
                  std::atomic<const StopLines*>::is_always_lock_free,
              "they are used inside a signal handler");

StopLines lines_of(const StopNotice& notice, std::chrono::milliseconds burst) {
  // On a terminal the line may hold a progress bar, and the terminal's ^C.
  const std::string start = fmt::format("{}phatgoose {}: ", stderr_is_terminal() ? kEraseLine : "", notice.command);
  StopLines lines;
  for (std::size_t i = 0; i < kStopSignals.size(); ++i) {
    lines.first[i] = fmt::format("{}{}: {}; SIGINT (Ctrl-C) after {} seconds stops at once: {}\n", start,
                                 kStopSignals[i].name, notice.stopping, burst.count() / 1000, notice.lost);
  }
  lines.again = fmt::format("{}SIGINT again: stopped at once: {}\n", start, notice.lost);
  return lines;
}

void say(const std::string& line) {
  // stderr may be closed, as after a SIGHUP.
  (void)!::write(STDERR_FILENO, line.data(), line.size());
}

std::int64_t monotonic_now() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

/// Only what is safe inside a signal handler: signal-safety(7).
extern "C" void on_stop_signal(int signal) {
  const int error = errno;
  const StopLines& lines = *stop_lines.load();
  const std::int64_t now = monotonic_now();
  std::int64_t first = 0;
  if (first_at.compare_exchange_strong(first, now)) {
    request_stop();
    for (std::size_t i = 0; i < kStopSignals.size(); ++i) {
      if (kStopSignals[i].number == signal) say(lines.first[i]);
    }
  } else if (signal == SIGINT && now - first >= burst_length.load()) {
    say(lines.again);
    std::signal(SIGINT, SIG_DFL);
    std::raise(SIGINT);  // comes when this handler returns
  }
  errno = error;
}

bool is_ignored(int signal) {
  struct sigaction action {};
  return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

void catch_stop_signals(const StopNotice& notice, std::chrono::milliseconds burst) {
  // Never freed: a signal may come while the process ends.
  stop_lines = new StopLines(lines_of(notice, burst));
  burst_length = std::chrono::nanoseconds(burst).count();
  struct sigaction action {};
  action.sa_handler = on_stop_signal;
  action.sa_flags = SA_RESTART;
  ::sigemptyset(&action.sa_mask);
  for (const auto& [signal, name] : kStopSignals) {
    if (signal != SIGHUP || !is_ignored(signal)) ::sigaction(signal, &action, nullptr);
  }
}

bool stop_requested() noexcept { return stop_flag.load(); }
void request_stop() noexcept { stop_flag.store(true); }

void clear_stop_request() noexcept {
  stop_flag.store(false);
  first_at.store(0);
}

}  // namespace phatgoose
