#include "phatgoose/task_moe/training_routes.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>

#include "phatgoose/base/error.h"
#include "phatgoose/base/random.h"
#include "phatgoose/task_moe/route_selection.h"

namespace phatgoose {
namespace {

std::span<const std::int64_t> numbers_of(const at::Tensor& numbers) {
  return {numbers.const_data_ptr<std::int64_t>(), static_cast<std::size_t>(numbers.numel())};
}

}  // namespace

TrainingRoutes::TrainingRoutes(RoutingPlan plan, std::optional<TaskRouter> router, at::Tensor vectors,
                               at::Device device)
    : plan_(std::move(plan)), router_(std::move(router)), vectors_(std::move(vectors)), device_(device) {
  after_updates(0);
}

void TrainingRoutes::begin_step(std::int64_t step) {
  in_step_ = true;
  step_ = step;
  logits_.reset();
  leaf_.reset();
}

void TrainingRoutes::use_tasks(std::span<const std::int64_t> tasks) {
  if (!router_ || logits_.defined()) return;
  std::vector<std::int64_t> distinct(tasks.begin(), tasks.end());
  std::ranges::sort(distinct);
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  used_.assign(plan_.tasks.size(), -1);
  for (std::int64_t i = 0; i < std::ssize(distinct); ++i) used_[distinct[i]] = i;
  const Dropout dropout(kTaskRouterDropout, plan_.seed ^ stream_number("router"), static_cast<std::uint64_t>(step_),
                        distinct);
  const at::Tensor vectors = vectors_.index_select(0, at::tensor(distinct, at::kLong).to(device_));  // [used, d]
  logits_ = router_->logits(vectors, &dropout);                                                      // [used, L, m]
  leaf_ = logits_.detach();
  if (logits_.requires_grad()) leaf_.requires_grad_();
}

void TrainingRoutes::end_step() {
  if (leaf_.defined() && leaf_.grad().defined()) torch::autograd::backward({logits_}, {leaf_.grad()});
  logits_.reset();
  leaf_.reset();
  in_step_ = false;
  if (router_) between_steps_.reset();  // the router is about to change
}

void TrainingRoutes::after_updates(std::int64_t updates) {
  in_step_ = false;
  const at::Tensor weights = routes(updates);
  const bool to_one = router_ && plan_.selection == RouteSelection::gumbel_st;
  between_steps_.emplace(to_one ? one_hot_routes(weights) : weights, device_);
}

at::Tensor TrainingRoutes::routes(std::int64_t updates) const {
  const at::NoGradGuard no_grad;
  if (router_) return route_weights(router_->logits(vectors_), {}, RouteSelection::softmax, temperature(updates));
  if (routes_by_task(plan_.shape.router)) return random_task_routes(plan_.seed, plan_.tasks, plan_.shape);
  return at::full({1, plan_.shape.layer_count(), plan_.shape.copies}, 1.0 / static_cast<double>(plan_.shape.copies),
                  at::kFloat);
}

RowRoutes TrainingRoutes::of(std::int64_t layer, const Pass& pass) const {
  const bool draws = router_ || plan_.shape.router == TaskRouterKind::random_per_instance;
  if (in_step_ && draws) return drawn(layer, pass);
  if (!between_steps_) fail(ExitCode::bug, {.found = "routes before after_updates()"});
  return between_steps_->of(layer, pass);
}

RowRoutes TrainingRoutes::drawn(std::int64_t layer, const Pass& pass) const {
  const std::int64_t copies = plan_.shape.copies;
  const RouteDraw draw{plan_.seed, static_cast<std::uint64_t>(step_),
                       plan_.shape.layers[static_cast<std::size_t>(layer)]};
  const std::span<const std::int64_t> places = numbers_of(pass.rows.places);
  if (!router_) return {.copies = random_copies(draw, places, copies)};
  std::vector<std::int64_t> rows;
  for (const std::int64_t task : numbers_of(pass.rows.tasks)) rows.push_back(used_[task]);
  const at::Tensor of_layer = leaf_.select(1, layer);                                           // [used, m]
  const at::Tensor logits = of_layer.index_select(0, at::tensor(rows, at::kLong).to(device_));  // [rows, m]
  const bool noisy = plan_.selection != RouteSelection::softmax;
  const at::Tensor noise = noisy ? gumbel_noise(draw, places, copies).to(device_) : at::Tensor();
  return {.weights = route_weights(logits, noise, plan_.selection, temperature(step_))};
}

}  // namespace phatgoose
