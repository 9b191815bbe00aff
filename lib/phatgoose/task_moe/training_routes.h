// Routes while a task-level mixture is trained (METHODS 8): from the router as it is at each step, with noise.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "phatgoose/task_moe/table_routes.h"
#include "phatgoose/task_moe/task_router.h"
#include "phatgoose/task_moe/temperature.h"

namespace phatgoose {

/// How routes come about.
struct RoutingPlan {
  TaskMoeShape shape;
  RouteSelection selection = RouteSelection::gumbel_st;
  TemperatureSchedule temperature = {};
  std::uint64_t seed = 0;
  std::vector<std::string> tasks;
};

/// Within a step rows draw their routes; the logits of a task are computed once, with the router's dropout, and gather
/// the gradients of all passes until end_step() takes them to the router and the vectors. Between steps routes are as
/// at test time: test_routes().
class TrainingRoutes : public LayerRoutes {
 public:
  /// A learned router has `router`, and `vectors` [tasks, d] in the order of the plan's tasks; another has neither.
  TrainingRoutes(RoutingPlan plan, std::optional<TaskRouter> router, at::Tensor vectors, at::Device device);

  /// Around the passes of 0-based training step `step`.
  void begin_step(std::int64_t step);
  void end_step();
  /// Within a step, before its passes: the tasks of its rows.
  void use_tasks(std::span<const std::int64_t> tasks);
  /// Between steps: `updates` are done. Routes are then at that step's temperature, with the router as it is now.
  void after_updates(std::int64_t updates);

  RowRoutes of(std::int64_t layer, const Pass& pass) const override;

  /// The weights of the copies without noise, after so many updates.
  at::Tensor routes(std::int64_t updates) const;  // [tasks or 1, L, m] fp32
  double temperature(std::int64_t updates) const { return temperature_at(plan_.temperature, updates); }

  const RoutingPlan& plan() const { return plan_; }
  const std::optional<TaskRouter>& router() const { return router_; }
  const at::Tensor& vectors() const { return vectors_; }

 private:
  RowRoutes drawn(std::int64_t layer, const Pass& pass) const;

  RoutingPlan plan_;
  std::optional<TaskRouter> router_;
  at::Tensor vectors_;  // [tasks, d]
  at::Device device_;

  bool in_step_ = false;
  std::int64_t step_ = 0;
  at::Tensor logits_;               // of the step: [used, L, m], computed from router and vectors
  at::Tensor leaf_;                 // the same, cut off: it gathers gradients
  std::vector<std::int64_t> used_;  // place of each task in these; -1: not used in the step
  std::optional<TableRoutes> between_steps_;
};

}  // namespace phatgoose
