#include "phatgoose/jobs/task_models.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "phatgoose/base/error.h"
#include "phatgoose/base/nearest.h"

namespace phatgoose {

TaskModels TaskModels::open(const TaskMoeChoice& choice, const char* option, const T5Config& config,
                            const std::string& fingerprint) {
  TaskModels models(TaskMoeDirectory::open(choice.directory), option);
  models.mixture_.check_base(config, fingerprint);
  const TaskMoeManifest& manifest = models.mixture_.manifest();
  const AddedTasks added = choice.task_vectors ? added_tasks(manifest, *choice.task_vectors) : AddedTasks();
  models.rule_given_ = choice.route.has_value();
  models.tasks_ = manifest.tasks;
  models.tasks_.insert(models.tasks_.end(), added.names.begin(), added.names.end());
  models.routes_ = task_routes(models.mixture_, added, route_rule(choice.route, manifest));
  return models;
}

bool TaskModels::by_task() const { return routes_by_task(mixture_.manifest().shape.router); }

std::int64_t TaskModels::row_of(const std::string& task) const {
  if (!by_task()) return 0;
  const auto found = std::ranges::find(tasks_, task);
  if (found != tasks_.end()) return found - tasks_.begin();
  const bool learned = is_learned(mixture_.manifest().shape.router);
  refuse_usage(option_, fmt::format("{}, which has no route for task \"{}\"", mixture_.path().string(), task),
               learned ? "one of its tasks, or one with --vectors" : "one of its tasks", did_you_mean(task, tasks_));
}

at::Tensor TaskModels::route(const std::string& task) const {
  at::Tensor route = routes_[row_of(task)];
  const std::int64_t mixed = at::lt(std::get<0>(route.max(-1)), 1).sum().item<std::int64_t>();
  if (mixed == 0 || rule_given_) return route;
  refuse_usage(
      option_, fmt::format("a route that mixes the copies of {} layers", mixed), "one copy for each layer",
      "--route argmax takes the likeliest copies, --route softmax the mean of the copies' weights, which is not "
      "what the mixture computes");
}

void TaskModels::put_on(T5Model& model, const std::string& task) const { collapse(mixture_, route(task), model); }

}  // namespace phatgoose
