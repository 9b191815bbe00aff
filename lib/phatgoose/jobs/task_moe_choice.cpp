#include "phatgoose/jobs/task_moe_choice.h"

#include "phatgoose/store/task_moe_tasks.h"

namespace phatgoose {

TaskMoeChoice task_moe_choice(const std::string& directory, const std::optional<std::string>& route,
                              const std::optional<std::string>& task_vectors) {
  TaskMoeChoice choice{.directory = directory, .route = route};
  if (task_vectors) choice.task_vectors = *task_vectors;
  return choice;
}

std::optional<TaskNumbers> task_numbers_of(const TaskMoeChoice& choice) {
  const TaskMoeManifest manifest = TaskMoeDirectory::open(choice.directory, /*check_values=*/false).manifest();
  std::vector<std::string> names = manifest.tasks;
  if (choice.task_vectors) {
    const AddedTasks added = added_tasks(manifest, *choice.task_vectors);
    names.insert(names.end(), added.names.begin(), added.names.end());
  }
  if (!routes_by_task(manifest.shape.router)) return std::nullopt;
  return TaskNumbers(choice.directory.string(), std::move(names), UnknownTask::refused,
                     is_learned(manifest.shape.router) ? "--vectors gives new tasks a route"
                                                       : "only tasks of the training have a route");
}

}  // namespace phatgoose
