// Settings of `phatgoose pretrain`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "phatgoose/settings/common.h"
#include "phatgoose/settings/reading.h"
#include "phatgoose/settings/training.h"

namespace phatgoose {

struct PretrainSettings {
  CommonSettings common{.dtype = "fp32"};  ///< all weights are trained, in fp32
  TrainingSettings training{.steps = 10000,
                            .batch = 32,
                            .lr = 1.5e-3,
                            .warmup_ratio = 0.02,
                            .weight_decay = 0.01,
                            .save_every = 500,
                            .pass_tokens = 8192,
                            .default_beta2 = 0.98,
                            .schedules = {"constant", "linear", "inverse-sqrt"}};
  std::string out;
  std::vector<std::string> text;  ///< FILE or FILE:WEIGHT
  ReadingSettings reading;

  // Where the model and its vocabulary come from. With init: all from there.
  std::optional<std::string> init;
  std::optional<std::string> vocab;         ///< a spiece.model
  std::optional<std::int64_t> make_vocab;   ///< pieces of a vocabulary to make from the text
  std::optional<std::string> model_config;  ///< a config.json; otherwise the sizes below
  std::optional<std::int64_t> layers, d_model, d_ff, heads, d_kv;
  std::optional<double> embedding_std;  ///< of the first embeddings; T5's 1

  std::int64_t lm_steps = 0;  ///< steps of LM adaptation after training.steps of span corruption
  std::int64_t input_length = 128;
  double noise_density = 0.15;
  double mean_span = 3;
  std::optional<double> salient;  ///< salient span masking: the share of marked spans that are masked
  double dropout = 0;
  double query_lr_scale = 0.125;
  std::optional<double> decay_ratio;  ///< resolve() fills in 0.5, unless the schedule is linear
  std::string save_dtype = "bf16";

  OptionSet declare();
  /// Usage error where options contradict each other; before resolve().
  void check() const;
  /// Fills in what the user did not give, so that records name it.
  void resolve();
};

}  // namespace phatgoose
