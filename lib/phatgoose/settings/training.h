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
  std::optional<double> lr = 5e-3;  ///< always there once a command has resolved its settings
  double warmup_ratio = 0.06;
  double clip = 1.0;
  std::string optimizer = "adamw";   ///< or "adafactor"
  std::optional<double> beta1 = {};  ///< AdamW's; resolve() fills in 0.9
  std::optional<double> beta2 = {};  ///< AdamW's; resolve() fills in default_beta2
  double weight_decay = 0.0;         ///< decoupled, of both optimisers
  bool scale_parameter = false;      ///< Adafactor's: rates relative to the size of the parameters
  std::int64_t save_every = 100;
  std::int64_t keep_checkpoints = 0;
  std::int64_t pass_tokens = 4096;
  std::string schedule = "constant";

  // The command's own, not options.
  double default_beta2 = 0.999;
  std::vector<std::string> schedules = {"constant", "linear"};  ///< what --schedule may be

  /// Declares everything in the group "Training".
  void declare(OptionSet& set);
  /// Usage error where an option of the optimiser that was not chosen is given; before resolve().
  void check() const;
  /// Fills in what the chosen optimiser needs and the user did not give, so that records name it.
  void resolve();
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

  // The command's own, not options.
  bool required = true;  ///< whether there must be --data
  bool mixes = true;     ///< whether several data sets are trained on at once

  /// Declares everything in the group "Data".
  void declare(OptionSet& set);
  /// Usage error where options contradict each other or a file is given twice.
  void check() const;

 private:
  void declare_mix(OptionSet& set);
};

/// What the commands share that train an adapter of a frozen base.
struct AdapterTrainingSettings {
  CommonSettings common;
  DataSettings data;
  TrainingSettings training;
  std::string model;              ///< base model directory
  bool allow_partial = false;     ///< take experts that lack factors which their configuration promises
  std::optional<double> dropout;  ///< T5's own; default: the base's dropout_rate
  std::string loss = "plain";     ///< or "t-few", where declare_loss() offers it

 protected:
  void declare_model(OptionSet& set);
  void declare_loss(OptionSet& set);
  /// Declares `dropout`, and the groups "Data", "Training" and "Machine".
  void declare_training(OptionSet& set);
};

}  // namespace phatgoose
