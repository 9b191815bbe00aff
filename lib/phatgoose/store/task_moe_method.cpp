#include "phatgoose/store/task_moe_method.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "phatgoose/base/error.h"

namespace phatgoose {
namespace {

/// In the order of the enumerators.
constexpr std::array kRouterNames = {"linear",          "linear-per-layer",   "lstm", "transformer", "average",
                                     "random-per-task", "random-per-instance"};
constexpr std::array kSelectionNames = {"softmax", "gumbel", "gumbel-st"};

template <typename Kind, std::size_t N>
std::optional<Kind> kind_named(const std::array<const char*, N>& names, const std::string& name) {
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) return std::nullopt;
  return static_cast<Kind>(found - names.begin());
}

std::vector<RouterTensor> lstm_tensors(std::int64_t layers, std::int64_t copies, std::int64_t d) {
  constexpr std::int64_t h = kTaskRouterHidden;
  std::vector<RouterTensor> tensors = {{"position.weight", {layers, d}}};
  for (const std::string direction : {"forward", "backward"}) {
    tensors.push_back({direction + ".input.weight", {4 * h, d}});
    tensors.push_back({direction + ".input.bias", {4 * h}});
    tensors.push_back({direction + ".hidden.weight", {4 * h, h}});
    tensors.push_back({direction + ".hidden.bias", {4 * h}});
  }
  tensors.push_back({"output.weight", {copies, 2 * h}});
  tensors.push_back({"output.bias", {copies}});
  return tensors;
}

std::vector<RouterTensor> transformer_tensors(std::int64_t layers, std::int64_t copies, std::int64_t d) {
  constexpr std::int64_t f = kTaskRouterHidden;
  return {
      {"position.weight", {layers, d}},       {"attention.input.weight", {3 * d, d}}, {"attention.input.bias", {3 * d}},
      {"attention.output.weight", {d, d}},    {"attention.output.bias", {d}},         {"attention.norm.weight", {d}},
      {"attention.norm.bias", {d}},           {"feed_forward.input.weight", {f, d}},  {"feed_forward.input.bias", {f}},
      {"feed_forward.output.weight", {d, f}}, {"feed_forward.output.bias", {d}},      {"feed_forward.norm.weight", {d}},
      {"feed_forward.norm.bias", {d}},        {"output.weight", {copies, d}},         {"output.bias", {copies}}};
}

}  // namespace

std::vector<std::string> task_router_names() { return {kRouterNames.begin(), kRouterNames.end()}; }

const char* name_of(TaskRouterKind kind) { return kRouterNames.at(static_cast<std::size_t>(kind)); }

std::optional<TaskRouterKind> task_router_named(const std::string& name) {
  return kind_named<TaskRouterKind>(kRouterNames, name);
}

bool is_learned(TaskRouterKind kind) { return kind <= TaskRouterKind::transformer; }

bool routes_by_task(TaskRouterKind kind) { return is_learned(kind) || kind == TaskRouterKind::random_per_task; }

std::vector<std::string> route_selection_names() { return {kSelectionNames.begin(), kSelectionNames.end()}; }

const char* name_of(RouteSelection selection) { return kSelectionNames.at(static_cast<std::size_t>(selection)); }

std::optional<RouteSelection> route_selection_named(const std::string& name) {
  return kind_named<RouteSelection>(kSelectionNames, name);
}

void TaskMoeShape::check() const {
  if (layers.empty()) refuse_here("no mixed layers", "one at least");
  if (copies < 1) refuse_here(fmt::format("{} copies", copies), "1 at least");
  if (!is_learned(router)) {
    if (dimension != 0) refuse_here(fmt::format("task vectors for the router {}", name_of(router)), "none");
    return;
  }
  if (dimension < 1) refuse_here(fmt::format("task vectors of size {}", dimension), "1 at least");
  if (router != TaskRouterKind::transformer || dimension % kTaskRouterHeads == 0) return;
  refuse_here(fmt::format("task vectors of size {}", dimension),
              fmt::format("a multiple of {}, the heads of the transformer router", kTaskRouterHeads));
}

std::vector<RouterTensor> router_tensors(const TaskMoeShape& shape) {
  constexpr std::int64_t h = kTaskRouterHidden;
  const std::int64_t layers = shape.layer_count(), copies = shape.copies, d = shape.dimension;
  switch (shape.router) {
    case TaskRouterKind::linear:
      return {{"hidden.weight", {h, d}},
              {"hidden.bias", {h}},
              {"output.weight", {layers * copies, h}},
              {"output.bias", {layers * copies}}};
    case TaskRouterKind::linear_per_layer:
      return {{"hidden.weight", {layers, h, d}},
              {"hidden.bias", {layers, h}},
              {"output.weight", {layers, copies, h}},
              {"output.bias", {layers, copies}}};
    case TaskRouterKind::lstm:
      return lstm_tensors(layers, copies, d);
    case TaskRouterKind::transformer:
      return transformer_tensors(layers, copies, d);
    default:
      return {};
  }
}

}  // namespace phatgoose
