#include "phatgoose/jobs/modular_choice.h"

namespace phatgoose {

std::optional<NewTask> new_task(const std::optional<std::string>& unknown_task) {
  if (unknown_task == "uniform") return NewTask::uniform;
  if (unknown_task == "mean") return NewTask::mean;
  return std::nullopt;
}

std::optional<TaskNumbers> task_numbers_of(const ModularChoice& choice) {
  const ModularDirectory directory = ModularDirectory::open(choice.directory, /*check_values=*/false);
  if (!has_routing(directory.shape().method)) return std::nullopt;
  return TaskNumbers(choice.directory.string(), directory.tasks(),
                     choice.unknown_task ? UnknownTask::added : UnknownTask::refused);
}

}  // namespace phatgoose
