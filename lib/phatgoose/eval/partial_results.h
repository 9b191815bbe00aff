// What an unfinished evaluation has answered so far, so that a stopped run continues behind it, within a task as well.
#pragma once

#include <cstdint>
#include <functional>
#include <unordered_set>
#include <vector>

#include "phatgoose/base/files.h"
#include "phatgoose/scoring/sample.h"

namespace phatgoose {

/// The answers to one task, in the folder "partial" of an output directory: chunks of rows, each complete or not there.
class PartialTask {
 public:
  /// Writes the routing statistics of a chunk.
  using WriteRouting = std::function<void(const fs::path&)>;

  /// Reads the chunks that are there. `number`: place of the task in the run.
  PartialTask(const fs::path& out, std::size_t number);

  bool has(std::int64_t row) const { return rows_.contains(row); }
  std::int64_t size() const { return std::ssize(samples_); }
  double seconds() const { return seconds_; }                        ///< spent on all chunks
  const std::vector<fs::path>& routing() const { return routing_; }  ///< files of the chunks that have statistics

  /// Saves a chunk; when this returns it is on disk. `write_routing` may be empty. No samples: nothing is written.
  void save(std::vector<Sample> samples, double seconds, const WriteRouting& write_routing);

  /// Of all chunks, by row. Nothing is left here.
  std::vector<Sample> take_samples();

  static void remove_all(const fs::path& out) { fs::remove_all(out / kFolder); }

 private:
  static constexpr const char* kFolder = "partial";

  fs::path file(std::size_t chunk, const char* ending) const;
  void add(std::vector<Sample> samples, double seconds);

  fs::path folder_;
  std::size_t number_, chunks_ = 0;
  std::vector<Sample> samples_;
  std::unordered_set<std::int64_t> rows_;
  std::vector<fs::path> routing_;
  double seconds_ = 0;
};

}  // namespace phatgoose
