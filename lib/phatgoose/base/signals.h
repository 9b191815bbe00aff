// Requests to stop. A long job asks between micro-steps, saves, and ends with ExitCode::stopped.
#pragma once

namespace phatgoose {

/// Installs handlers for SIGTERM, SIGINT and SIGUSR2 that only set a flag; a second SIGINT ends the process at once.
void catch_stop_signals();
/// True once one of them has arrived (or request_stop was called).
bool stop_requested() noexcept;
/// What a handler does; tests call it directly.
void request_stop() noexcept;
void clear_stop_request() noexcept;

}  // namespace phatgoose
