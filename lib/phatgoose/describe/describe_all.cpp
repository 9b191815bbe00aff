#include "phatgoose/describe/describe_all.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>

#include "phatgoose/base/error.h"
#include "phatgoose/base/log.h"

namespace phatgoose {

namespace {

constexpr int kMostRefusals = 10;  // one after the other: then the source is taken to give nothing else

/// What went wrong so far; not for several threads at once.
class Failures {
 public:
  void accept() { in_a_row_ = 0; }
  /// False: nothing more is to be asked for.
  bool go_on_after(std::exception_ptr error) {
    if (!first_) first_ = error;
    try {
      std::rethrow_exception(error);
    } catch (const Error& refusal) {
      if (refusal.code() != ExitCode::bad_data) return stop_at(error);
      if (first_ != error) log_warning(refusal.what());
    } catch (...) {
      return stop_at(error);
    }
    return ++in_a_row_ < kMostRefusals;
  }
  void rethrow() const {
    if (first_) std::rethrow_exception(first_);
  }

 private:
  /// This is what the user hears, whatever was refused before.
  bool stop_at(std::exception_ptr error) {
    first_ = std::move(error);
    return false;
  }

  std::exception_ptr first_;
  int in_a_row_ = 0;
};

}  // namespace

void describe_all(DescriptionSource& source, const std::vector<DescriptionRequest>& requests, std::int64_t parallel,
                  const std::function<void(std::size_t, const std::string&)>& take) {
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  Failures failures;
  const auto work = [&] {
    for (std::size_t i = next++; i < requests.size(); i = next++) {
      try {
        const std::string text = source.describe(requests[i]);
        const std::lock_guard lock(mutex);
        take(i, text);
        failures.accept();
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!failures.go_on_after(std::current_exception())) next = requests.size();
      }
    }
  };
  {
    std::vector<std::jthread> others;
    const std::size_t threads = std::min(static_cast<std::size_t>(parallel), requests.size());
    for (std::size_t i = 1; i < threads; ++i) others.emplace_back(work);
    work();
  }
  failures.rethrow();
}

}  // namespace phatgoose
