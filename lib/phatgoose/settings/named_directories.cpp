#include "phatgoose/settings/named_directories.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "phatgoose/base/error.h"
#include "phatgoose/store/expert_examination.h"

namespace phatgoose {

NamedDirectory named_path(const std::string& text, const std::string& option, const std::string& form) {
  const std::size_t equals = text.find('=');
  std::error_code error;
  const bool is_path = equals == std::string::npos || text.find('/') < equals || fs::exists(text, error);
  if (is_path) return {text};
  const std::string name = text.substr(0, equals), path = text.substr(equals + 1);
  if (is_expert_name(name) && !path.empty()) return {path, name};
  refuse_usage(option, fmt::format("\"{}\"", text), path.empty() ? form : form + " with " + kExpertNameRule);
}

NamedDirectory named_directory(const std::string& text, const std::string& option) {
  return named_path(text, option, "NAME=DIR");
}

std::vector<NamedDirectory> named_directories(const std::vector<std::string>& texts, const std::string& option) {
  std::vector<NamedDirectory> directories;
  for (const std::string& text : texts) directories.push_back(named_directory(text, option));
  return directories;
}

void declare_library(OptionSet& set, std::optional<std::string>& library) {
  set.add("library", &library, "a directory of expert directories: all of them, by name, after those of --expert")
      .as("DIR");
}

void declare_allow_partial(OptionSet& set, bool& allow_partial) {
  set.add("allow-partial", &allow_partial,
          "take experts that lack factors which their adapter_config.json promises: those linears stay as in the base")
      .may_change();
}

void declare_unknown_task(OptionSet& set, std::optional<std::string>& unknown_task) {
  set.add("unknown-task", &unknown_task,
          "what a modular adapter does for a task that it was not trained on: stop with an error (default), use all "
          "skills alike, or mix them as the mean of its tasks' logits says")
      .one_of({"error", "uniform", "mean"});
}

void declare_task_routes(OptionSet& set, std::optional<std::string>& route, std::optional<std::string>& task_vectors) {
  set.add("route", &route,
          "which copies of a task-level mixture compute a task: softmax mixes them by their weights, argmax takes the "
          "one of the largest; default: argmax where gumbel-st trained it, otherwise softmax")
      .one_of({"softmax", "argmax"});
  set.add("vectors", &task_vectors,
          "vectors of tasks that a task-level mixture was not trained on, made as those that it was trained with")
      .as("DIR");
}

std::vector<NamedDirectory> all_experts(const std::vector<std::string>& experts,
                                        const std::optional<std::string>& library) {
  std::vector<NamedDirectory> all = named_directories(experts, "--expert");
  if (library) std::ranges::copy(experts_in(*library), std::back_inserter(all));
  return all;
}

std::vector<NamedDirectory> some_experts(const std::vector<std::string>& experts,
                                         const std::optional<std::string>& library) {
  std::vector<NamedDirectory> all = all_experts(experts, library);
  if (all.empty()) refuse_usage("--expert", "no expert", "expert directories, or --library");
  return all;
}

}  // namespace phatgoose
