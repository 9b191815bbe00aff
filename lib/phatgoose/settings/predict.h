// Settings of `phatgoose predict`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "phatgoose/settings/common.h"
#include "phatgoose/settings/reading.h"
#include "phatgoose/store/routing_settings.h"

namespace phatgoose {

struct PredictSettings {
  CommonSettings common;
  std::string model;
  std::optional<std::string> expert;  ///< at most one of expert, routed, modular and task_moe; none: the base alone
  std::optional<std::string> routed, modular, task_moe;
  std::optional<std::string> unknown_task;  ///< "error", "uniform", "mean"; for a modular adapter; none: "error"
  std::optional<std::string> route;         ///< "softmax", "argmax"; this and the next for a task-level mixture
  std::optional<std::string> task_vectors;  ///< directory
  bool allow_partial = false;               ///< take experts that lack factors which their configuration promises
  RoutingSettings routing;
  std::string input = "-";          ///< file, or "-" for stdin
  std::string format = "auto";      ///< of the input: auto, text, jsonl
  bool json = false;                ///< one JSON object per answer
  std::string explain;              ///< add the weight that each expert carried: "answers", "tokens"; empty: no
  std::optional<std::string> task;  ///< for modular and task_moe, of rows that name none
  std::optional<std::string> task_description;  ///< for routers that compare descriptions
  std::optional<std::string> explain_module;    ///< only in the linears below this module
  std::int64_t max_input = 512;
  std::int64_t max_new_tokens = 64;
  bool length_normalise = true;  ///< of choices, as a suite's key of that name
  ReadingSettings reading;
  std::int64_t pass_rows = 16;  ///< at most so many rows at once, and only those that are there already

  OptionSet declare();
};

}  // namespace phatgoose
