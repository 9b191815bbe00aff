#include "phatgoose/describe/describe_all.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>

namespace phatgoose {

void describe_all(DescriptionSource& source, const std::vector<DescriptionRequest>& requests, std::int64_t parallel,
                  const std::function<void(std::size_t, const std::string&)>& take) {
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  std::exception_ptr failure;
  const auto work = [&] {
    for (std::size_t i = next++; i < requests.size(); i = next++) {
      try {
        const std::string text = source.describe(requests[i]);
        const std::lock_guard lock(mutex);
        take(i, text);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!failure) failure = std::current_exception();
        next = requests.size();
      }
    }
  };
  {
    std::vector<std::jthread> others;
    const std::size_t threads = std::min(static_cast<std::size_t>(parallel), requests.size());
    for (std::size_t i = 1; i < threads; ++i) others.emplace_back(work);
    work();
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace phatgoose
