#include "phatgoose/data/chosen_suite.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "phatgoose/base/error.h"
#include "phatgoose/base/nearest.h"
#include "phatgoose/data/missing_tasks.h"

namespace phatgoose {

Suite chosen_suite(const SuiteChoice& choice) {
  const fs::path file = suite_file(choice.suite);
  const fs::path directory = choice.data_dir ? fs::path(*choice.data_dir) : file.parent_path();
  if (choice.data_dir && !fs::is_directory(directory)) {
    refuse(directory, "no such directory", "the directory of the suite's data");
  }
  Suite suite = with_tasks(read_suite(file, directory), choice.tasks);
  leave_out_missing(suite, {directory, choice.data_dir.has_value(), choice.allow_missing});
  return suite;
}

Suite with_tasks(Suite suite, const std::vector<std::string>& names) {
  if (names.empty()) return suite;
  std::vector<std::string> known = suite.missing;
  for (const Task& task : suite.tasks) known.push_back(task.name);
  for (const std::string& name : names) {
    if (std::ranges::find(known, name) != known.end()) continue;
    refuse_usage("--tasks", fmt::format("no task \"{}\" among those of {}", name, suite.name),
                 fmt::format("some of {}", fmt::join(known, ", ")), did_you_mean(name, known));
  }
  const auto unwanted = [&](const std::string& name) { return std::ranges::find(names, name) == names.end(); };
  std::erase_if(suite.tasks, [&](const Task& task) { return unwanted(task.name); });
  std::erase_if(suite.missing, unwanted);
  if (suite.tasks.empty()) {
    refuse_usage("--tasks", fmt::format("only tasks without data: {}", fmt::join(suite.missing, ", ")),
                 "at least one that has some");
  }
  return suite;
}

}  // namespace phatgoose
