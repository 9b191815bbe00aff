#include "phatgoose/store/task_numbers.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <span>

#include "phatgoose/base/error.h"
#include "phatgoose/base/nearest.h"

namespace phatgoose {
namespace {

constexpr std::size_t kNamedTasks = 6;

}  // namespace

TaskNumbers::TaskNumbers(std::string adapter, std::vector<std::string> names, UnknownTask unknown, std::string remedy)
    : adapter_(std::move(adapter)),
      names_(std::move(names)),
      unknown_(unknown),
      remedy_(std::move(remedy)),
      by_template_(
          std::ranges::any_of(names_, [](const std::string& name) { return name.find('/') != std::string::npos; })) {
  for (const std::string& name : names_) numbers_.emplace(name, std::ssize(numbers_));
}

std::int64_t TaskNumbers::number(const std::string& task, const std::string& template_name) const {
  if (const auto found = numbers_.find(task); found != numbers_.end()) return found->second;
  const bool as_template = by_template_ && !task.empty() && !template_name.empty();
  const std::string wanted = as_template ? task + "/" + template_name : task;
  if (const auto found = numbers_.find(wanted); found != numbers_.end()) return found->second;
  const auto own = std::ssize(names_);
  if (unknown_ == UnknownTask::added) return own;
  if (!task.empty()) {
    refuse_here(fmt::format("task \"{}\", which {} does not know", wanted, adapter_), known(), hint(wanted));
  }
  if (own == 1) return 0;
  refuse_here("no task, which " + adapter_ + " needs", "\"task\" in the row, or --task: " + known(), remedy_);
}

void TaskNumbers::check_option(const std::string& option, const std::string& task) const {
  if (unknown_ == UnknownTask::added || numbers_.contains(task) || knows_templates_of(task)) return;
  refuse_usage(option, fmt::format("\"{}\", which {} does not know", task, adapter_), known(), hint(task));
}

bool TaskNumbers::knows_templates_of(const std::string& task) const {
  return std::ranges::any_of(names_, [&](const std::string& name) { return name.starts_with(task + "/"); });
}

std::string TaskNumbers::hint(const std::string& wanted) const {
  const std::string nearest = did_you_mean(wanted, names_);
  return fmt::format("{}{}{}", nearest, nearest.empty() ? "" : " ", remedy_);
}

std::string TaskNumbers::known() const {
  const auto first = std::span(names_).first(std::min(names_.size(), kNamedTasks));
  const std::size_t others = names_.size() - first.size();
  return fmt::format("one of its tasks: {}{}", fmt::join(first, ", "),
                     others == 0 ? "" : fmt::format(" and {} more", others));
}

}  // namespace phatgoose
