#include "phatgoose/settings/task_files.h"

#include <algorithm>
#include <array>

#include "phatgoose/settings/named_directories.h"

namespace phatgoose {
namespace {

/// What such files are called in the directory of a task.
constexpr std::array<const char*, 6> kPurposes = {"train", "training", "valid", "validation", "dev", "test"};

std::string name_of_rows(const fs::path& path) {
  fs::path stem = path.filename();
  if (stem.extension() == ".gz") stem = stem.stem();
  const std::string name = stem.stem().string();
  const std::string directory = fs::absolute(path).parent_path().filename().string();
  return std::ranges::find(kPurposes, name) != kPurposes.end() && !directory.empty() ? directory : name;
}

}  // namespace

TaskFile task_file(const std::string& text, const std::string& option) {
  const NamedDirectory named = named_path(text, option, "TASK=FILE");
  return {.task = named.name.empty() ? name_of_rows(named.path) : named.name, .path = named.path.string()};
}

std::vector<std::string> take_tasks(std::vector<std::string>& files, const std::string& option) {
  std::vector<std::string> tasks;
  for (std::string& file : files) {
    TaskFile task = task_file(file, option);
    tasks.push_back(std::move(task.task));
    file = std::move(task.path);
  }
  return tasks;
}

}  // namespace phatgoose
