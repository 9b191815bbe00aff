// metrics.jsonl of a run: one JSON object per line, for every step and every validation. It holds nothing that depends
// on the clock, so that a resumed run writes the same bytes as one that was never stopped.
#pragma once

#include <cstdint>

#include "phatgoose/base/files.h"
#include "phatgoose/base/json.h"

namespace phatgoose {

class MetricsLog {
 public:
  /// Opens or creates `path` and cuts it to its first `size` bytes (what a checkpoint knew of); bad_data when it has
  /// become shorter than that.
  MetricsLog(fs::path path, std::int64_t size);
  ~MetricsLog();
  MetricsLog(const MetricsLog&) = delete;
  MetricsLog& operator=(const MetricsLog&) = delete;

  /// Appends one line; I/O errors are cannot_finish.
  void append(const Json& line);
  /// Bytes written so far.
  std::int64_t size() const { return size_; }
  /// Waits until everything appended is on the disk.
  void sync();

 private:
  fs::path path_;
  int descriptor_;
  std::int64_t size_;
};

}  // namespace phatgoose
