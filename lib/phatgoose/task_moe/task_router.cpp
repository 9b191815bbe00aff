#include "phatgoose/task_moe/task_router.h"

#include <ATen/ATen.h>

#include "phatgoose/base/error.h"
#include "phatgoose/base/random.h"
#include "phatgoose/nn/tensor_bridge.h"

namespace phatgoose {
namespace {

constexpr double kInitialScale = 0.02;

at::Tensor initial_tensor(const RouterTensor& tensor, std::uint64_t seed, at::TensorOptions options) {
  at::Tensor values = at::zeros(tensor.shape, at::kDouble);
  if (tensor.name.ends_with("norm.weight")) values.fill_(1.0);
  if (!tensor.name.ends_with(".weight") || tensor.name.ends_with("norm.weight")) return values.to(options);
  RandomStream stream(seed, stream_number("router " + tensor.name));
  for (double *p = values.mutable_data_ptr<double>(), *end = p + values.numel(); p != end; ++p) {
    *p = kInitialScale * stream.normal();
  }
  return values.to(options);
}

}  // namespace

TaskRouter TaskRouter::initial(const TaskMoeShape& shape, std::uint64_t seed, at::TensorOptions options) {
  TaskRouter router(shape);
  for (const RouterTensor& tensor : router_tensors(shape)) {
    router.tensors_.emplace(tensor.name, initial_tensor(tensor, seed, options));
  }
  return router;
}

TaskRouter TaskRouter::load(const TaskMoeDirectory& directory, at::Device device) {
  TaskRouter router(directory.manifest().shape);
  for (const RouterTensor& tensor : router_tensors(router.shape_)) {
    router.tensors_.emplace(tensor.name, to_tensor(directory.of_router(tensor.name), device, at::kFloat));
  }
  return router;
}

at::Tensor TaskRouter::logits(const at::Tensor& vectors, const Dropout* dropout) const {
  switch (shape_.router) {
    case TaskRouterKind::linear:
      return linear_logits(tensors_, vectors, shape_.copies);
    case TaskRouterKind::linear_per_layer:
      return linear_per_layer_logits(tensors_, vectors);
    case TaskRouterKind::lstm:
      return lstm_logits(tensors_, vectors);
    case TaskRouterKind::transformer:
      return transformer_logits(tensors_, vectors, dropout);
    default:
      fail(ExitCode::bug, {.found = std::string("no network for the router ") + name_of(shape_.router)});
  }
}

}  // namespace phatgoose
