#include "phatgoose/data/missing_tasks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "phatgoose/base/error.h"
#include "phatgoose/base/log.h"

namespace phatgoose {
namespace {

constexpr std::size_t kNamed = 3;  // more would not fit in a line that is read

/// "A, B, C and 7 more"
std::string first_few(std::vector<std::string> items) {
  const std::size_t more = items.size() > kNamed ? items.size() - kNamed : 0;
  items.resize(items.size() - more);
  return fmt::format("{}{}", fmt::join(items, ", "), more == 0 ? "" : fmt::format(" and {} more", more));
}

std::string file_and_source(const Task& task, const fs::path& directory) {
  const fs::path below = task.data.lexically_relative(directory);
  const bool inside = !below.empty() && *below.begin() != "..";
  const std::string file = (inside ? below : task.data).string();
  return task.source.empty() ? file : fmt::format("{} ({})", file, task.source);
}

/// "no data below DIR for 2 of 11 tasks: A (SOURCE), B (SOURCE)"
std::string what_is_missing(const std::vector<Task>& tasks, std::size_t of, const fs::path& directory) {
  std::vector<std::string> files;
  for (const Task& task : tasks) files.push_back(file_and_source(task, directory));
  const std::string below = directory.empty() ? "" : " below " + directory.string();
  return fmt::format("no data{} for {} of {} tasks: {}", below, tasks.size(), of, first_few(files));
}

/// Files that are made elsewhere are not where the suite is.
std::string where_from(const Suite& suite, bool has_data_root) {
  if (suite.source.empty()) return "";
  return (has_data_root ? "from " : "name their directory with --data-dir; they come from ") + suite.source;
}

}  // namespace

void leave_out_missing(Suite& suite, const MissingData& missing) {
  const std::size_t all = suite.tasks.size();
  const auto without = std::ranges::stable_partition(suite.tasks, [](const Task& task) { return is_file(task.data); });
  const std::vector<Task> tasks(without.begin(), without.end());
  if (tasks.empty()) return;
  suite.tasks.erase(without.begin(), without.end());
  for (const Task& task : tasks) suite.missing.push_back(task.name);

  const std::string place = "suite " + suite.name, found = what_is_missing(tasks, all, missing.directory);
  const std::string hint = where_from(suite, missing.is_data_root);
  if (suite.tasks.empty()) refuse(place, found, "the data of one task at least", hint);
  if (!std::ranges::all_of(tasks, &Task::may_be_missing)) refuse(place, found, "all that may not be missing", hint);
  if (!missing.allowed) refuse(place, found, "all of it, or --allow-missing", hint);
  log_warning(fmt::format("{}: {}{}", place, found, hint.empty() ? "" : fmt::format(" ({})", hint)));
}

std::string missing_note(const Suite& suite) {
  if (suite.missing.empty()) return "";
  return fmt::format("The mean is over {} of {} tasks; there is no data for {}.\n", suite.tasks.size(),
                     suite.tasks.size() + suite.missing.size(), first_few(suite.missing));
}

}  // namespace phatgoose
