#include "phatgoose/bench/memory.h"

#include <c10/core/Allocator.h>
#include <c10/util/Logging.h>
#include <c10/util/ThreadLocalDebugInfo.h>

#include <algorithm>
#include <memory>
#include <mutex>

namespace phatgoose {
namespace {

/// Told by the allocators of whatever is taken (bytes above 0) and given back, on this thread and on those of autograd.
class ByteCount : public c10::MemoryReportingInfoBase {
 public:
  void reportMemoryUsage(void* /*block*/, std::int64_t bytes, std::size_t /*allocated*/, std::size_t /*reserved*/,
                         c10::Device /*device*/) override {
    const std::scoped_lock lock(mutex_);
    held_ += bytes;
    most_ = std::max(most_, held_);
  }
  bool memoryProfilingEnabled() const override { return true; }

  std::int64_t most() const { return most_; }

 private:
  std::mutex mutex_;
  std::int64_t held_ = 0, most_ = 0;
};

/// The CPU's allocator warns of the first block from before that is given back, which here is as it should be.
class NoWarnings {
 public:
  NoWarnings() { FLAGS_caffe2_log_level = std::max(level_, kErrors); }
  ~NoWarnings() { FLAGS_caffe2_log_level = level_; }
  NoWarnings(const NoWarnings&) = delete;
  NoWarnings& operator=(const NoWarnings&) = delete;

 private:
  static constexpr int kErrors = 2;  // as glog numbers them
  const int level_ = FLAGS_caffe2_log_level;
};

}  // namespace

std::int64_t peak_bytes_of(const std::function<void()>& work) {
  const auto count = std::make_shared<ByteCount>();
  {
    const NoWarnings quiet;
    const c10::DebugInfoGuard guard(c10::DebugInfoKind::PROFILER_STATE, count);
    work();
  }
  return count->most();
}

}  // namespace phatgoose
