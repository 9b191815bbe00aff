#include "phatgoose/describe/request_pace.h"

#include <algorithm>
#include <thread>

#include "phatgoose/describe/stop_check.h"

namespace phatgoose {
namespace {

constexpr std::chrono::milliseconds kGlance{50};  // between two looks for a stop signal

}  // namespace

RequestPace::RequestPace(std::optional<double> per_minute) : next_(Clock::now()) {
  if (per_minute)
    interval_ = std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(60 / *per_minute));
}

void RequestPace::wait_for_turn() {
  while (true) {
    check_stop_request();
    Clock::duration wait = kGlance;
    {
      const std::lock_guard lock(mutex_);
      const Clock::time_point now = Clock::now();
      if (now >= next_) {
        next_ = now + interval_;
        return;
      }
      wait = std::min(wait, next_ - now);
    }
    std::this_thread::sleep_for(wait);
  }
}

void RequestPace::pause(std::chrono::milliseconds time) {
  const std::lock_guard lock(mutex_);
  next_ = std::max(next_, Clock::now() + time);
}

}  // namespace phatgoose
