// What a task-level mixture of experts is made of (METHODS 8): its layers and copies, its router, how routes are drawn.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "phatgoose/store/tensor_archive.h"

namespace phatgoose {

enum class TaskRouterKind {
  linear,               ///< Linear-GELU-Linear, to all layers at once
  linear_per_layer,     ///< one such network for each layer
  lstm,                 ///< over the layers, in both directions
  transformer,          ///< one encoder layer over the layers
  average,              ///< every copy weighs the same
  random_per_task,      ///< one copy of each layer, drawn once for each task
  random_per_instance,  ///< drawn for each row in training; afterwards every copy weighs the same
};

std::vector<std::string> task_router_names();
const char* name_of(TaskRouterKind kind);
std::optional<TaskRouterKind> task_router_named(const std::string& name);
/// Whether it has parameters, and computes routes from task vectors.
bool is_learned(TaskRouterKind kind);
/// Whether tasks have routes of their own.
bool routes_by_task(TaskRouterKind kind);

/// How weights come from the logits of a learned router in training: softmax((logits + noise) / temperature).
enum class RouteSelection {
  softmax,    ///< without noise
  gumbel,     ///< Gumbel noise for each row and layer
  gumbel_st,  ///< the same; the copy of the largest weight computes the row, gradients are those of the weights
};

std::vector<std::string> route_selection_names();
const char* name_of(RouteSelection selection);
std::optional<RouteSelection> route_selection_named(const std::string& name);

constexpr std::int64_t kTaskRouterHidden = 64;  ///< of all learned routers
constexpr std::int64_t kTaskRouterHeads = 4;    ///< of transformer, which must divide the size of task vectors

struct TaskMoeShape {
  std::vector<std::string> layers;  ///< module paths of the mixed layers, in the order of the model
  std::int64_t copies;              ///< m, of each
  TaskRouterKind router;
  std::int64_t dimension;  ///< of task vectors; 0 where the router is not learned

  bool operator==(const TaskMoeShape&) const = default;

  std::int64_t layer_count() const { return static_cast<std::int64_t>(layers.size()); }
  /// No layers or copies, a dimension where there are no vectors or one that the router cannot divide among its heads:
  /// bad_data at the place that in() adds.
  void check() const;
};

struct RouterTensor {
  std::string name;  ///< ends with ".bias" for biases
  Shape shape;
};

/// The parameters of a learned router, in a fixed order; of another none.
std::vector<RouterTensor> router_tensors(const TaskMoeShape& shape);

}  // namespace phatgoose
