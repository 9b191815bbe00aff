#include "phatgoose/bench/task_moe.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <memory>
#include <numeric>

#include "phatgoose/bench/workloads.h"
#include "phatgoose/jobs/task_moe_loss.h"
#include "phatgoose/task_moe/layer_copies.h"
#include "phatgoose/train/adamw.h"

namespace phatgoose {
namespace {

constexpr std::int64_t kBenchVectorSize = 128;

std::vector<std::string> task_names(const std::vector<Example>& examples) {
  std::vector<std::string> names;
  const auto most = std::ranges::max(examples, {}, &Example::task).task;
  for (std::int64_t task = 0; task <= most; ++task) names.push_back(std::to_string(task));
  return names;
}

/// A mixture in training, off the model between its steps.
class MixtureStep {
 public:
  MixtureStep(T5Model& model, const TaskMoeShape& shape, const std::vector<Example>& examples, std::uint64_t seed)
      : model_(model),
        routes_(make_routes(shape, task_names(examples), seed)),
        copies_(LayerCopies::initial(model, shape, 1e-8, seed)),
        objective_(model, *routes_, 0.1),
        optimizer_(parameters(), {}) {}

  void run(const std::vector<Example>& examples) {
    copies_.put_on(model_, routes_);
    std::vector<std::int64_t> rows(examples.size());
    std::iota(rows.begin(), rows.end(), 0);
    optimizer_.zero_gradients();
    objective_.begin_step(optimizer_.updates());
    objective_.sum(examples, rows).backward();
    objective_.end_step();
    optimizer_.clip_gradients(0.1);
    optimizer_.update(1e-5);
  }

 private:
  static std::shared_ptr<TrainingRoutes> make_routes(const TaskMoeShape& shape, std::vector<std::string> tasks,
                                                     std::uint64_t seed) {
    std::optional<TaskRouter> router;
    at::Tensor vectors;
    if (is_learned(shape.router)) {
      router = TaskRouter::initial(shape, seed, at::kFloat);
      vectors = at::ones({std::ssize(tasks), shape.dimension});
      for (const auto& [name, tensor] : router->tensors()) tensor.set_requires_grad(true);
    }
    RoutingPlan plan{.shape = shape, .seed = seed, .tasks = std::move(tasks)};
    return std::make_shared<TrainingRoutes>(std::move(plan), std::move(router), vectors, at::kCPU);
  }

  std::vector<Parameter> parameters() const {
    std::vector<Parameter> parameters;
    for (const NamedParameter& p : copies_.make_trainable()) {
      parameters.push_back({p.name, p.tensor, p.first_row, p.rows});
    }
    if (!routes_->router()) return parameters;
    for (const auto& [name, tensor] : routes_->router()->tensors())
      parameters.push_back({.name = name, .leaf = tensor});
    return parameters;
  }

  T5Model& model_;
  std::shared_ptr<TrainingRoutes> routes_;
  LayerCopies copies_;
  TaskMoeLoss objective_;
  AdamW optimizer_;
};

/// Routes of `tasks` tasks: each to a copy of its own in turn, or all copies alike.
std::shared_ptr<const LayerRoutes> made_routes(const TaskMoeShape& shape, std::int64_t tasks, bool one_hot) {
  at::Tensor routes = at::ones({tasks, shape.layer_count(), shape.copies});
  if (one_hot) {
    routes.zero_();
    for (std::int64_t task = 0; task < tasks; ++task) routes.select(0, task).select(1, task % shape.copies).fill_(1);
  }
  return std::make_shared<TableRoutes>(routes / routes.sum(-1, /*keepdim=*/true), at::kCPU);
}

}  // namespace

TaskMoeShape bench_mixture(const T5Config& config, std::int64_t copies) {
  const bool single = copies == 1;
  return {.layers = layer_paths(config),
          .copies = copies,
          .router = single ? TaskRouterKind::average : TaskRouterKind::linear_per_layer,
          .dimension = single ? 0 : kBenchVectorSize};
}

PairCost training_beside_one_copy(T5Model& model, const std::vector<Example>& examples, std::int64_t repeats,
                                  std::uint64_t seed) {
  MixtureStep one(model, bench_mixture(model.config(), 1), examples, seed);
  MixtureStep several(model, bench_mixture(model.config(), kBenchCopies), examples, seed);
  const PairCost cost = cost_of_pair(
      repeats, [&] { one.run(examples); }, [&] { several.run(examples); });
  model.remove_adapters();
  return cost;
}

PairCost forward_beside_one_copy(T5Model& model, const std::vector<Example>& examples, bool one_hot,
                                 std::int64_t repeats, std::uint64_t seed) {
  const auto tasks = std::ssize(task_names(examples));
  const auto run_of = [&](std::int64_t copies) {
    const TaskMoeShape shape = bench_mixture(model.config(), copies);
    return [&model, &examples, routes = made_routes(shape, tasks, one_hot),
            layers = LayerCopies::initial(model, shape, 1e-8, seed)] {
      layers.put_on(model, routes);
      run_forward(model, examples);
    };
  };
  const PairCost cost = cost_of_pair(repeats, run_of(1), run_of(kBenchCopies));
  model.remove_adapters();
  return cost;
}

}  // namespace phatgoose
