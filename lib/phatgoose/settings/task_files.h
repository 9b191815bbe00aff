// Data files on the command line that say whose task their rows are: FILE, or TASK=FILE.
#pragma once

#include <string>
#include <vector>

namespace phatgoose {

struct TaskFile {
  std::string task, path;
};

/// A path that is there as it stands is a file, whatever its name looks like; otherwise what precedes the first "=" is
/// the task, unless there is a slash in it. Without it the task is called as the file is without endings, or, where
/// that only says what the rows are for ("train.jsonl", "valid.jsonl.gz"), as the directory. `option` names the option
/// in errors: usage error for a name that no task may have, or no file after it.
TaskFile task_file(const std::string& text, const std::string& option);

/// Puts files in the place of TASK=FILE; their tasks.
std::vector<std::string> take_tasks(std::vector<std::string>& files, const std::string& option);

}  // namespace phatgoose
