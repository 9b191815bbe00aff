// checkpoints/step-N of a run: the complete state after N updates. A checkpoint counts once its manifest, written last,
// is there.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "phatgoose/base/files.h"
#include "phatgoose/base/json.h"
#include "phatgoose/nn/t5_weights.h"

namespace phatgoose {

struct Checkpoint {
  std::int64_t step;
  Json state;
};

class CheckpointFolder {
 public:
  /// The folder `run`/checkpoints, which need not exist yet.
  explicit CheckpointFolder(const fs::path& run) : path_(run / "checkpoints") {}

  /// Steps of the complete checkpoints, ascending.
  std::vector<std::int64_t> steps() const;
  /// The newest checkpoint that is whole, nothing where there is no checkpoint. Newer ones that are damaged are named
  /// in a warning and removed; where all are damaged: bad_data.
  std::optional<Checkpoint> read_newest() const;

  /// Writes tensors (fp32) and `state` as step-N; the tensors' device does not matter.
  void write(std::int64_t step, const Json& state, const NamedTensors& tensors) const;
  /// Copies the stored tensors of step-N into `tensors`, matched by name; all must be there with the same shape.
  void read_tensors(std::int64_t step, const NamedTensors& tensors) const;

  /// Keeps the newest `keep` of the checkpoints at multiples of `every`, or at `last`, and removes all others.
  void prune(std::int64_t keep, std::int64_t every, std::int64_t last) const;

 private:
  fs::path path_of(std::int64_t step) const { return path_ / ("step-" + std::to_string(step)); }
  /// The `state` of step-N; bad_data where the checkpoint is damaged.
  Json read_state(std::int64_t step) const;

  fs::path path_;
};

}  // namespace phatgoose
