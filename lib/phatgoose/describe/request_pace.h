// How fast a server is asked.
#pragma once

#include <chrono>
#include <mutex>
#include <optional>

namespace phatgoose {

/// Turns of requests, shared by all threads that ask the same server. Waiting ends with ExitCode::stopped when a signal
/// asks to stop.
class RequestPace {
 public:
  using Clock = std::chrono::steady_clock;

  /// `per_minute`: most requests in a minute, at equal distances; none: as fast as they come.
  explicit RequestPace(std::optional<double> per_minute);

  /// Returns when the next request may go out.
  void wait_for_turn();
  /// No request goes out for so long.
  void pause(std::chrono::milliseconds time);

 private:
  std::mutex mutex_;
  Clock::duration interval_{};
  Clock::time_point next_;  // the earliest time of the next request
};

}  // namespace phatgoose
