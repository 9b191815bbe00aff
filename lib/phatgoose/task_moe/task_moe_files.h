// Writing a task-level mixture, and the routes of its tasks when it is read back.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "phatgoose/store/task_moe_tasks.h"
#include "phatgoose/task_moe/layer_copies.h"
#include "phatgoose/task_moe/training_routes.h"

namespace phatgoose {

/// Writes copies.safetensors and router.safetensors as they are after `updates` updates; returns their names.
std::vector<std::string> save_task_moe(const fs::path& directory, const LayerCopies& copies,
                                       const TrainingRoutes& routes, std::int64_t updates);

/// How routes become weights at test time.
enum class RouteRule {
  softmax,  ///< as they are
  argmax,   ///< 1 for the largest, 0 for the others
};

/// Of a value of --route; where none is given, what the training's selection implies.
RouteRule route_rule(const std::optional<std::string>& text, const TaskMoeManifest& manifest);

/// The weights of the copies for every task of the mixture, then for the added ones; of a router that tells no tasks
/// apart a single row.
at::Tensor task_routes(const TaskMoeDirectory& directory, const AddedTasks& added,
                       RouteRule rule);  // [tasks + added or 1, L, m] fp32, CPU

}  // namespace phatgoose
