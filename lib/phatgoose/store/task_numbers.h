// Which of the tasks of a modular multi-task adapter a row belongs to (METHODS 7).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace phatgoose {

/// What becomes of a row whose task the adapter does not know.
enum class UnknownTask {
  refused,
  added,  ///< it has the number after those of the adapter's own
};

class TaskNumbers {
 public:
  /// `adapter`: what messages call it. `names`: of its tasks, in the order of their numbers; one at least. `remedy`:
  /// what an unknown task needs.
  TaskNumbers(std::string adapter, std::vector<std::string> names, UnknownTask unknown,
              std::string remedy = "--unknown-task uniform takes it as a new task");

  /// The number of `task`; where the adapter has no such task, that of TASK/TEMPLATE, as adapters call their tasks that
  /// were trained on each template by itself. Without a task (empty) that of the only one there is. Any other task is
  /// unknown: bad_data, at the place that in() adds, unless it is to be added.
  std::int64_t number(const std::string& task, const std::string& template_name) const;

  /// Usage error at `option` for a name that is no row's whatever its template, where unknown tasks are refused.
  void check_option(const std::string& option, const std::string& task) const;

 private:
  bool knows_templates_of(const std::string& task) const;
  std::string hint(const std::string& wanted) const;
  std::string known() const;

  std::string adapter_;
  std::vector<std::string> names_;
  std::map<std::string, std::int64_t> numbers_;
  UnknownTask unknown_;
  std::string remedy_;
  bool by_template_;  // some task is that of a template
};

}  // namespace phatgoose
