// From a router's logits to the weights of the copies (METHODS 8).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <string>

#include "phatgoose/store/task_moe_method.h"

namespace phatgoose {

/// softmax((logits + noise) / temperature) over the copies; of gumbel_st the one-hot vector of the largest of these
/// weights (ties: the lower copy), whose gradient is taken for that of the weights. Without noise: undefined.
at::Tensor route_weights(const at::Tensor& logits, const at::Tensor& noise, RouteSelection selection,
                         double temperature);  // [..., m] -> [..., m]

/// What makes one draw different from another.
struct RouteDraw {
  std::uint64_t seed, step;
  std::string layer;  ///< module path
};

/// Gumbel noise -log(-log u), u uniform in (0, 1): a function of the draw and of each row's place in the step.
at::Tensor gumbel_noise(const RouteDraw& draw, std::span<const std::int64_t> places,
                        std::int64_t copies);  // [rows, m] fp32, CPU

/// A copy for each row of a step, all equally likely.
at::Tensor random_copies(const RouteDraw& draw, std::span<const std::int64_t> places,
                         std::int64_t copies);  // [rows] int64, CPU

/// A copy of every layer for each task, all equally likely: a function of the seed and of the names.
at::Tensor random_task_routes(std::uint64_t seed, const std::vector<std::string>& tasks,
                              const TaskMoeShape& shape);  // [tasks, L, m] fp32, one-hot, CPU

}  // namespace phatgoose
