// Settings that every training command shares.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "phatgoose/base/options.h"
#include "phatgoose/settings/common.h"
#include "phatgoose/settings/reading.h"

namespace phatgoose {

/// The defaults are those of an expert (METHODS 3.1); the other commands set their own before declaring.
struct TrainingSettings {
  std::int64_t steps = 1000;
  std::int64_t batch = 1024;
  double lr = 5e-3;
  double warmup_ratio = 0.06;
  double clip = 1.0;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double weight_decay = 0.0;
  std::int64_t save_every = 100;
  std::int64_t keep_checkpoints = 0;
  std::int64_t pass_tokens = 4096;

  /// Declares everything in the group "Training".
  void declare(OptionSet& set);
};

/// Rows to train on and to validate on, how several data sets are mixed, and how rows are cut. A file is a data set.
struct DataSettings {
  std::vector<std::string> data, valid;
  std::int64_t eval_every = 100;
  bool shuffle = true;
  std::string mix = "size";             ///< or "equal"
  std::optional<std::int64_t> mix_cap;  ///< with "size": data sets of more rows count as if they had so many
  std::int64_t max_input = 512;
  std::int64_t max_target = 512;
  RowReadingSettings reading;

  /// Declares everything in the group "Data".
  void declare(OptionSet& set);
  /// Usage error where options contradict each other or a file is given twice.
  void check() const;
};

/// What the commands share that train an adapter of a frozen base.
struct AdapterTrainingSettings {
  CommonSettings common;
  DataSettings data;
  TrainingSettings training;
  std::string model;              ///< base model directory
  bool allow_partial = false;     ///< take experts that lack factors which their configuration promises
  std::optional<double> dropout;  ///< T5's own; default: the base's dropout_rate

 protected:
  void declare_model(OptionSet& set);
  /// Declares `dropout`, and the groups "Data", "Training" and "Machine".
  void declare_training(OptionSet& set);
};

}  // namespace phatgoose
