#include "phatgoose/train/timing_log.h"

#include <cmath>

#include "phatgoose/nn/device.h"

namespace phatgoose {
namespace {

/// Digits beyond these are noise.
double rounded(double value) { return std::round(value * 1000) / 1000; }

std::int64_t mebibytes(std::int64_t bytes) { return bytes >> 20; }

std::int64_t size_of(const fs::path& path) {
  return is_file(path) ? static_cast<std::int64_t>(fs::file_size(path)) : 0;
}

}  // namespace

TimingLog::TimingLog(const fs::path& path, at::Device device)
    : log_(path, size_of(path)), device_(device), began_(Clock::now()), step_began_(began_) {}

void TimingLog::begin_step() { step_began_ = Clock::now(); }

void TimingLog::end_step(std::int64_t step, std::int64_t tokens) {
  const auto now = Clock::now();
  const auto seconds = [&](Clock::time_point since) { return std::chrono::duration<double>(now - since).count(); };
  Json line = {{"step", step},
               {"seconds", rounded(seconds(began_))},
               {"tokens_per_second", rounded(static_cast<double>(tokens) / seconds(step_began_))},
               {"memory_mib", mebibytes(peak_memory())}};
  if (const auto bytes = peak_device_memory(device_)) line["device_memory_mib"] = mebibytes(*bytes);
  log_.append(line);
}

}  // namespace phatgoose
