#include "phatgoose/task_moe/task_moe_files.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "phatgoose/nn/tensor_bridge.h"
#include "phatgoose/store/safetensors.h"
#include "phatgoose/task_moe/route_selection.h"

namespace phatgoose {
namespace {

void write_tensors(const fs::path& path, const NamedTensors& named) {
  std::vector<at::Tensor> kept;  // what the views point at
  std::vector<NamedTensor> tensors;
  for (const auto& [name, tensor] : named) {
    kept.push_back(tensor.detach().to(at::kCPU, at::kFloat).contiguous());
    tensors.push_back(to_named(name, kept.back()));
  }
  write_safetensors(path, std::move(tensors), {{"format", "pt"}});
}

/// The routes of the tasks that were added: those of the router without noise.
at::Tensor routes_of_added(const TaskMoeDirectory& directory, const AddedTasks& added) {
  const TaskMoeManifest& manifest = directory.manifest();
  const at::Tensor vectors = at::tensor(added.vectors).view({std::ssize(added.names), manifest.shape.dimension});
  const at::Tensor logits = TaskRouter::load(directory, at::kCPU).logits(vectors);  // [added, L, m]
  return route_weights(logits, {}, RouteSelection::softmax, manifest.temperature);
}

}  // namespace

std::vector<std::string> save_task_moe(const fs::path& directory, const LayerCopies& copies,
                                       const TrainingRoutes& routes, std::int64_t updates) {
  write_tensors(directory / kCopiesFile, copies.named_tensors());
  NamedTensors named = {{"routes", routes.routes(updates)}};
  if (routes.router()) {
    named.emplace_back("vectors", routes.vectors());
    for (const auto& [name, tensor] : routes.router()->tensors()) named.emplace_back("router." + name, tensor);
  }
  write_tensors(directory / kTaskRouterFile, named);
  return {kCopiesFile, kTaskRouterFile};
}

RouteRule route_rule(const std::optional<std::string>& text, const TaskMoeManifest& manifest) {
  const bool to_one = text ? *text == "argmax" : manifest.routes_to_one();
  return to_one ? RouteRule::argmax : RouteRule::softmax;
}

at::Tensor task_routes(const TaskMoeDirectory& directory, const AddedTasks& added, RouteRule rule) {
  const at::NoGradGuard no_grad;
  const TaskMoeManifest& manifest = directory.manifest();
  at::Tensor routes =
      at::tensor(directory.routes()).view({manifest.route_rows(), manifest.shape.layer_count(), manifest.shape.copies});
  if (!added.names.empty()) routes = at::cat({routes, routes_of_added(directory, added)});
  return rule == RouteRule::argmax ? one_hot_routes(routes) : routes;
}

}  // namespace phatgoose
