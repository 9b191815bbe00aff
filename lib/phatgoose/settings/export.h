// Settings of `phatgoose export`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "phatgoose/base/options.h"

namespace phatgoose {

struct ExportSettings {
  std::string model;
  std::vector<std::string> experts;  ///< DIR or NAME=DIR
  std::optional<std::string> library;
  bool allow_partial = false;               ///< take experts that lack factors which their configuration promises
  std::optional<std::string> merge;         ///< "factors" or "product"; needed with more than one expert
  std::optional<std::string> task_moe;      ///< a task-level mixture, in the place of experts; the others are for it
  std::optional<std::string> task;          ///< whose route becomes the model
  std::optional<std::string> route;         ///< "softmax", "argmax"
  std::optional<std::string> task_vectors;  ///< directory
  std::string out;
  std::optional<std::string> save_dtype;  ///< of the stored weights, "fp32" or "bf16"; default: the base's own
  std::int64_t threads = 0;               ///< 0: resolve_threads (base/thread_count.h) decides

  OptionSet declare();
};

}  // namespace phatgoose
