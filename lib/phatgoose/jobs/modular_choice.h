// A modular adapter as eval and predict choose it: by its directory, and by what becomes of tasks that it does not
// know.
#pragma once

#include <optional>
#include <string>

#include "phatgoose/routing/adapted_model.h"
#include "phatgoose/store/task_numbers.h"

namespace phatgoose {

/// Of a value of --unknown-task: "uniform", "mean"; nothing for "error", or where none is given.
std::optional<NewTask> new_task(const std::optional<std::string>& unknown_task);

/// The tasks' numbers as they are once adapt() has added what is chosen; nothing where the adapter does not mix by
/// task. Of the directory no factors are read; what is wrong with the rest is bad_data.
std::optional<TaskNumbers> task_numbers_of(const ModularChoice& choice);

}  // namespace phatgoose
