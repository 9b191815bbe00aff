// A suite: a YAML list of tasks to evaluate on.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "phatgoose/base/files.h"

namespace phatgoose {

enum class TaskKind { rank_classification, generation };

/// "rank_classification", "generation"
std::string to_string(TaskKind kind);
std::optional<TaskKind> task_kind(std::string_view name);

/// The metrics that a task of generation may ask for.
const std::vector<std::string>& generation_metrics();

struct Task {
  std::string name;
  fs::path data;  ///< resolved against the YAML file's directory
  TaskKind kind;
  bool length_normalise = true;      ///< rank classification: mean (default) or sum of token log-likelihoods
  std::vector<std::string> metrics;  ///< generation: any of generation_metrics(); default exact_match
  std::int64_t max_input = 512;
  std::int64_t max_new_tokens = 64;
  std::string expert = {};  ///< the expert whose own task it is; empty: the one that is called like the task

  const std::string& own_expert() const { return expert.empty() ? name : expert; }
};

struct Suite {
  std::string name;
  std::vector<Task> tasks;
};

/// Unknown keys, duplicate task names and ill-typed values are bad_data errors with the line.
Suite read_suite(const fs::path& path);

/// The file that --suite names: a path, or the bare name of a shipped suite ("held-in": no slash, no dot), which is
/// assets/suites/NAME.yaml of the data directory. An unknown name: usage error that lists them.
fs::path suite_file(const std::string& name);

}  // namespace phatgoose
