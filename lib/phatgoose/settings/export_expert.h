// Settings of `phatgoose export-expert`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "phatgoose/base/options.h"

namespace phatgoose {

struct ExportExpertSettings {
  std::string model;
  std::string from;                         ///< directory of the modular adapter
  std::optional<std::string> task;          ///< one of the adapter's
  std::optional<std::string> unknown_task;  ///< "mean" or "uniform": of a task that it was not trained on
  std::string name;                         ///< of the expert; empty: that of the task, or of the adapter
  std::string save_dtype = "fp32";          ///< of the stored factors, "fp32" or "bf16"
  std::string out;
  std::int64_t threads = 0;  ///< 0: resolve_threads (base/thread_count.h) decides

  OptionSet declare();
  /// Usage error for both kinds of task at once, and for a name that no expert may have.
  void check() const;
};

}  // namespace phatgoose
