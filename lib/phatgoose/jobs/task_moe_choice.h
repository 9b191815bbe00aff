// A task-level mixture of experts as eval and predict choose it: by its directory, how routes become weights, and
// vectors of tasks that it was not trained on.
#pragma once

#include <optional>
#include <string>

#include "phatgoose/routing/adapted_model.h"
#include "phatgoose/store/task_numbers.h"

namespace phatgoose {

TaskMoeChoice task_moe_choice(const std::string& directory, const std::optional<std::string>& route,
                              const std::optional<std::string>& task_vectors);

/// The tasks' numbers as adapt() gives them routes; nothing where all tasks have the same. What is wrong with the
/// directories, the values of copies aside, is bad_data.
std::optional<TaskNumbers> task_numbers_of(const TaskMoeChoice& choice);

}  // namespace phatgoose
