// Requests to stop. A long job asks between micro-steps, saves, and ends with ExitCode::stopped.
#pragma once

#include <chrono>
#include <string>

namespace phatgoose {

/// What a command says when it is asked to stop.
struct StopNotice {
  std::string command;   ///< "train-expert"
  std::string stopping;  ///< what it does now: "saving after this step, then stopping"
  std::string lost;      ///< what a stop at once costs: "the steps since the last checkpoint are lost"
};

/// How long after the first signal another one counts as the same: `timeout` sends two in a row.
constexpr std::chrono::milliseconds kSignalBurst{2000};

/// Installs handlers for SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2 and SIGXCPU. The first signal requests a stop and is
/// answered on stderr at once. After that only SIGINT counts: `burst` later or more it ends the process, and says so.
/// SIGHUP stays ignored where it is (nohup); SIGINT does not, for shells without job control start background jobs so.
void catch_stop_signals(const StopNotice& notice, std::chrono::milliseconds burst = kSignalBurst);
/// True once one of them has arrived (or request_stop was called).
bool stop_requested() noexcept;
/// What a handler does; tests call it directly.
void request_stop() noexcept;
void clear_stop_request() noexcept;

}  // namespace phatgoose
