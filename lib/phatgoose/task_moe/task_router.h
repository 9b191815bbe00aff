// From the vector of a task to logits of the copies of every mixed layer (METHODS 8).
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/TensorOptions.h>

#include <cstdint>

#include "phatgoose/nn/dropout.h"
#include "phatgoose/nn/t5_weights.h"
#include "phatgoose/store/task_moe_directory.h"
#include "phatgoose/task_moe/router_networks.h"

namespace phatgoose {

constexpr double kTaskRouterDropout = 0.1;  ///< of transformer

/// A learned router.
class TaskRouter {
 public:
  /// Weights and position embeddings from N(0, 0.02^2), biases 0, the norms' weights 1: a pure function of the seed.
  static TaskRouter initial(const TaskMoeShape& shape, std::uint64_t seed, at::TensorOptions options);
  static TaskRouter load(const TaskMoeDirectory& directory, at::Device device);

  /// `dropout` has a row for each vector.
  at::Tensor logits(const at::Tensor& vectors, const Dropout* dropout = nullptr) const;  // [T, d] -> [T, L, m]

  /// By the names of router_tensors().
  const RouterTensors& tensors() const { return tensors_; }

 private:
  explicit TaskRouter(const TaskMoeShape& shape) : shape_(shape) {}

  TaskMoeShape shape_;
  RouterTensors tensors_;
};

}  // namespace phatgoose
