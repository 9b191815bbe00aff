// Which task of a multi-task adapter a row belongs to: its file's, or that of its template in the file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "phatgoose/data/records.h"

namespace phatgoose {

class TaskTable {
 public:
  /// With `by_template` every template of a file is a task of its own, TASK/TEMPLATE; rows without a template belong to
  /// TASK.
  explicit TaskTable(bool by_template) : by_template_(by_template) {}

  /// In the order in which their first rows came.
  const std::vector<std::string>& names() const { return names_; }
  /// The number of a row to train on, of a file of `task`; it is a new one where no row had it before.
  std::int64_t training_number(const std::string& task, const Record& record);
  /// The number of a row to validate on: bad_data where no row to train on has its task.
  std::int64_t known_number(const std::string& task, const Record& record) const;

 private:
  std::string name_of(const std::string& task, const Record& record) const;

  bool by_template_;
  std::vector<std::string> names_;
};

}  // namespace phatgoose
