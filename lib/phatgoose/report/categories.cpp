#include "phatgoose/report/categories.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "phatgoose/base/error.h"
#include "phatgoose/base/log.h"
#include "phatgoose/base/yaml_reader.h"

namespace phatgoose {
namespace {

/// By task; `order` gets the categories as they first stand in the file.
std::map<std::string, std::string> categories_in(const fs::path& path, std::vector<std::string>& order) {
  const YamlReader reader(path);
  const YAML::Node root = reader.load();
  if (!root.IsMap()) reader.refuse(root, "no map", "lines TASK: CATEGORY");
  std::map<std::string, std::string> categories;
  for (const auto& entry : root) {
    const std::string task = reader.text(entry.first), category = reader.text(entry.second);
    if (!categories.emplace(task, category).second) {
      reader.refuse(entry.first, "a second category of task " + task, "one of each task");
    }
    if (std::ranges::find(order, category) == order.end()) order.push_back(category);
  }
  return categories;
}

}  // namespace

Categories read_categories(const fs::path& path, const std::vector<std::string>& tasks) {
  std::vector<std::string> order;
  const std::map<std::string, std::string> all = categories_in(path, order);
  std::vector<std::string> found;
  for (const std::string& task : tasks) {
    const auto category = all.find(task);
    if (category == all.end()) refuse(path, "no category of task " + task, "one of every task that has a route");
    found.push_back(category->second);
  }
  if (all.size() > tasks.size()) {
    log_info(fmt::format("{}: {} of its {} tasks have no route", path.string(), all.size() - tasks.size(), all.size()));
  }
  std::erase_if(order, [&](const std::string& category) { return std::ranges::find(found, category) == found.end(); });
  if (order.size() < 2) refuse(path, "one category for all tasks", "two or more");
  Categories categories{.names = order, .of_task = {}};
  for (const std::string& category : found)
    categories.of_task.push_back(std::ranges::find(order, category) - order.begin());
  return categories;
}

}  // namespace phatgoose
