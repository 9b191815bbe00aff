// Settings of `phatgoose train-task-moe`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "phatgoose/settings/training.h"
#include "phatgoose/store/task_moe_method.h"

namespace phatgoose {

/// The defaults are those of METHODS 8.
struct TrainTaskMoeSettings : AdapterTrainingSettings {
  std::string name;  ///< empty: that of the directory
  std::string out;
  std::vector<std::string> layers;  ///< module paths of layers, or of stacks; empty: all
  std::string tasks = "files";      ///< or "templates"
  double label_smoothing = 0.1;
  std::optional<std::string> route_from;  ///< directory of the first stage
  double init_noise = 1e-8;               ///< standard deviation
  std::optional<std::string> vectors;     ///< directory of task vectors
  // What resolve() fills in where the router has it:
  std::optional<std::int64_t> copies;
  std::optional<std::string> router, selection;
  std::optional<std::int64_t> vector_size;  ///< of learned vectors
  std::optional<double> router_lr, vector_lr;
  std::optional<double> temperature, temperature_rate, temperature_floor;

  TrainTaskMoeSettings();

  OptionSet declare();
  /// Usage error where options contradict each other or the router has no use for one; before resolve().
  void check() const;
  /// Fills in the defaults, so that records name them. With route_from its `first` stage decides about layers, copies
  /// and router.
  void resolve(const TaskMoeShape* first);

  /// Of the router, once resolved.
  TaskRouterKind router_kind() const { return *task_router_named(*router); }
};

}  // namespace phatgoose
