// A suite: a YAML list of tasks to evaluate on.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "phatgoose/base/files.h"
#include "phatgoose/data/template_rule.h"

namespace phatgoose {

enum class TaskKind { rank_classification, generation };

/// "rank_classification", "generation"
std::string to_string(TaskKind kind);
std::optional<TaskKind> task_kind(std::string_view name);

/// The metrics that a task of generation may ask for.
const std::vector<std::string>& generation_metrics();

struct Task {
  std::string name;
  fs::path data;  ///< file of rows
  TaskKind kind;
  bool length_normalise = true;      ///< rank classification: mean (default) or sum of token log-likelihoods
  std::vector<std::string> metrics;  ///< generation: any of generation_metrics(); default exact_match
  std::int64_t max_input = 512;
  std::int64_t max_new_tokens = 64;
  std::string expert = {};  ///< the expert whose own task it is; empty: the one that is called like the task

  std::string source = {};   ///< for people: where the rows come from
  std::string mixture = {};  ///< for people: the part of a larger mixture that it belongs to
  TemplateRule templates = {};
  bool may_be_missing = false;  ///< an evaluation without its data is of use

  const std::string& own_expert() const { return expert.empty() ? name : expert; }
};

struct Suite {
  std::string name;
  std::vector<Task> tasks;
  std::string source = {};                ///< for people: where the files come from, and what makes them
  std::vector<std::string> missing = {};  ///< names of tasks that are left out because their data is not there
};

/// Data is relative to `directory`; whether it is there is not looked at. Unknown keys, duplicate task names and
/// ill-typed values are bad_data errors with the line.
Suite read_suite(const fs::path& path, const fs::path& directory);

/// The file that --suite names: a path, or the bare name of a shipped suite ("held-in": no slash, no dot), NAME.yaml
/// in assets/suites or configs/suites of the data directory. An unknown name: usage error that lists them.
fs::path suite_file(const std::string& name);

}  // namespace phatgoose
