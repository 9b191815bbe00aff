// One training loop for experts, gates and base models (METHODS 3.1): accumulate the gradients of a step's
// passes, clip, update, validate, save. Stopped and resumed it computes the same bits as without a stop.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "phatgoose/base/progress.h"
#include "phatgoose/train/best_checkpoint.h"
#include "phatgoose/train/checkpoint.h"
#include "phatgoose/train/example_source.h"
#include "phatgoose/train/metrics_log.h"
#include "phatgoose/train/objective.h"
#include "phatgoose/train/optimizer.h"
#include "phatgoose/train/schedule.h"
#include "phatgoose/train/timing_log.h"

namespace phatgoose {

struct TrainerSettings {
  Schedule schedule{};
  double clip = 1.0;
  double dropout = 0.0;
  std::uint64_t seed = 0;  ///< of the dropout noise
  std::int64_t eval_every = 100;
  std::int64_t save_every = 100;
  std::int64_t keep_checkpoints = 0;  ///< that stay when the run is finished
  std::int64_t pass_tokens = 4096;
};

enum class TrainingOutcome {
  finished,
  stopped,  ///< a signal came; the state is saved, and the same run continues from it
};

/// Validates the model as it stands; nothing when a stop was requested meanwhile.
using Validator = std::function<std::optional<Validation>()>;

class Trainer {
 public:
  /// Trains the parameters of `optimizer` to make `objective` small. Metrics, timing and checkpoints go to the
  /// directory `run`, which must exist. Without `validate` (empty) the last state is the result.
  Trainer(const Objective& objective, Optimizer& optimizer, ExampleSource& source, Validator validate,
          const TrainerSettings& settings, const fs::path& run);

  /// Continues from the newest checkpoint of the run, or begins. When finished, the parameters hold the best state.
  /// A loss or gradient that is not finite ends with ExitCode::diverged; nothing is saved of it.
  TrainingOutcome run();

  /// The validated state that became the result; empty without validation.
  const BestCheckpoint& best() const { return best_; }

 private:
  void log_beginning() const;
  void restore();
  void save();
  /// Both return false when a stop was requested; then nothing has changed but scratch gradients.
  bool train_step();
  bool validate();
  std::optional<double> accumulate_gradients(const std::vector<Example>& examples);
  TrainingOutcome stop();
  void finish();
  bool save_due() const;
  bool validation_due() const;
  NamedTensors state_tensors() const;
  void note_boundary();

  const Objective& objective_;
  Optimizer& optimizer_;
  ExampleSource& source_;
  Validator validate_;
  TrainerSettings settings_;
  CheckpointFolder checkpoints_;
  fs::path run_;
  std::optional<MetricsLog> metrics_;
  std::optional<TimingLog> timing_;
  std::optional<Progress> progress_;
  std::string last_loss_;  ///< for the progress line

  std::int64_t step_ = 0;  ///< updates done
  BestCheckpoint best_;
  std::vector<at::Tensor> best_values_;  ///< of the parameters, once best_ holds a step
  // Right after update number step_, before its validation: what a checkpoint of this step records.
  std::int64_t metrics_size_ = 0;
  Json source_position_;
  std::optional<std::int64_t> saved_step_;
};

}  // namespace phatgoose
