#include "phatgoose/jobs/task_table.h"

#include <algorithm>

#include "phatgoose/base/error.h"

namespace phatgoose {

std::string TaskTable::name_of(const std::string& task, const Record& record) const {
  return by_template_ && !record.template_name.empty() ? task + "/" + record.template_name : task;
}

std::int64_t TaskTable::training_number(const std::string& task, const Record& record) {
  const std::string name = name_of(task, record);
  const std::int64_t number = std::ranges::find(names_, name) - names_.begin();
  if (number == std::ssize(names_)) names_.push_back(name);
  return number;
}

std::int64_t TaskTable::known_number(const std::string& task, const Record& record) const {
  const std::string name = name_of(task, record);
  const auto found = std::ranges::find(names_, name);
  if (found != names_.end()) return found - names_.begin();
  in_row(record, [&] {
    refuse_here("task \"" + name + "\"", "a task that rows are trained on",
                "--valid TASK=FILE says whose task a file is");
  });
  return 0;
}

}  // namespace phatgoose
