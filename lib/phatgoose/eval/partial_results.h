// The finished tasks of an evaluation that is not finished itself, so that a stopped run continues after them.
#pragma once

#include <vector>

#include "phatgoose/base/files.h"
#include "phatgoose/scoring/sample.h"

namespace phatgoose {

/// The folder "partial" of an output directory. Tasks are numbered by their place in the run.
class PartialResults {
 public:
  explicit PartialResults(const fs::path& out) : folder_(out / "partial") {}

  void create() const { make_directories(folder_); }
  bool has(std::size_t task) const { return fs::exists(samples_file(task)); }
  /// Marks the task as finished: what belongs to routing_file() must have been written before.
  void save(std::size_t task, const std::vector<Sample>& samples) const { write_samples(samples_file(task), samples); }
  std::vector<Sample> load(std::size_t task) const { return read_samples(samples_file(task)); }
  fs::path routing_file(std::size_t task) const { return folder_ / (std::to_string(task) + ".routing.safetensors"); }
  void remove() const { fs::remove_all(folder_); }

 private:
  fs::path samples_file(std::size_t task) const { return folder_ / (std::to_string(task) + ".samples.jsonl"); }

  fs::path folder_;
};

}  // namespace phatgoose
