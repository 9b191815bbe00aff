// Settings of `phatgoose adapt`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "phatgoose/settings/training.h"

namespace phatgoose {

/// How one of several trainings on the same examples is set.
struct AdaptTrial {
  double lr;
  std::int64_t batch;

  /// "lr-0.001-batch-8"
  std::string name() const;
};

/// The defaults are those of METHODS 7, stage 2.
struct AdaptSettings : AdapterTrainingSettings {
  std::optional<std::string> from;  ///< directory of what training begins with; none: the base
  std::string out;
  std::vector<std::string> shots = {"16"};  ///< numbers, or "all"
  std::int64_t valid_shots = 0;             ///< further examples of each sample, to validate on
  std::int64_t samples = 1, seeds = 1;
  std::vector<std::string> try_lr, try_batch;  ///< numbers; validation chooses among all pairs
  std::optional<std::string> suite;  ///< scores what was adapted; without --data rows are drawn from its tasks, too
  std::optional<std::string> data_dir;
  std::vector<std::string> tasks;           ///< names of the suite's; empty: all, or those of the data
  bool keep = true;                         ///< what was adapted, and not its scores only
  std::optional<std::string> reference;     ///< directory of another adaptation that gains are relative to
  bool json = false;                        ///< on stdout
  std::optional<std::string> train;         ///< "adapters", "routing", "both", "model"; resolved with the start
  std::optional<std::string> route;         ///< of a task-level mixture: "softmax", "argmax"
  std::optional<std::string> task_vectors;  ///< directory, of its new tasks
  std::optional<std::string> unknown_task;  ///< first routing logits of the new task: "uniform" or "mean"
  std::optional<std::int64_t> rank;         ///< of a new LoRA
  std::optional<double> routing_lr;

  AdaptSettings();

  OptionSet declare();
  /// Usage error where options contradict each other.
  void check() const;
  /// The numbers of rows to adapt to, rising; nothing stands for all rows. Usage error for what is no number.
  std::vector<std::optional<std::int64_t>> shot_counts() const;
  /// The pairs that are tried; without --try-lr and --try-batch the one of --lr and --batch, which must be there. Usage
  /// error for what is no number.
  std::vector<AdaptTrial> trials() const;
};

}  // namespace phatgoose
