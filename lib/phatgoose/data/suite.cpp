#include "phatgoose/data/suite.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "phatgoose/base/data_directory.h"
#include "phatgoose/base/error.h"
#include "phatgoose/base/nearest.h"
#include "phatgoose/base/yaml_reader.h"

namespace phatgoose {
namespace {

const std::vector<std::string> kSuiteKeys = {"name", "tasks"};
const std::vector<std::string> kTaskKeys = {"name",    "data",           "kind",      "length_normalise",
                                            "metrics", "max_new_tokens", "max_input", "expert"};
const std::vector<std::string> kMetrics = {"exact_match", "squad_em", "squad_f1", "rouge_1",
                                           "rouge_2",     "rouge_l",  "bleu"};

const std::string kMetricNames = fmt::format("{}", fmt::join(kMetrics, ", "));

class SuiteReader {
 public:
  explicit SuiteReader(const fs::path& path) : yaml_(path) {}

  Suite read() const {
    const YAML::Node root = yaml_.load();
    yaml_.check_map(root, kSuiteKeys, "a suite: name and tasks");
    Suite suite{.name = yaml_.text(yaml_.member(root, "name", "suite")), .tasks = {}};
    const YAML::Node tasks = yaml_.member(root, "tasks", "suite");
    yaml_.check_list(tasks, "\"tasks\"", "tasks");
    std::set<std::string> names;
    for (const YAML::Node& node : tasks) {
      suite.tasks.push_back(read_task(node));
      if (!names.insert(suite.tasks.back().name).second) {
        yaml_.refuse(node, "a second task named \"" + suite.tasks.back().name + "\"", "unique names");
      }
    }
    return suite;
  }

 private:
  TaskKind kind(const YAML::Node& node) const {
    const std::string value = yaml_.text(node);
    if (const auto kind = task_kind(value)) return *kind;
    yaml_.refuse(node, "kind \"" + value + "\"", "rank_classification or generation");
  }

  std::vector<std::string> metrics(const YAML::Node& node) const {
    std::vector<std::string> names;
    yaml_.check_list(node, "\"metrics\"", "metrics: " + kMetricNames);
    for (const YAML::Node& element : node) {
      const std::string name = yaml_.text(element);
      const bool known = std::ranges::find(kMetrics, name) != kMetrics.end();
      const bool again = std::ranges::find(names, name) != names.end();
      if (!known || again) {
        yaml_.refuse(element, std::string(again ? "repeated" : "unknown") + " metric \"" + name + "\"",
                     "some of " + kMetricNames);
      }
      names.push_back(name);
    }
    return names;
  }

  fs::path data(const YAML::Node& node) const {
    const fs::path path = yaml_.resolved(node);
    if (!fs::is_regular_file(path)) yaml_.refuse(node, "no such file: " + path.string(), "rows in JSON Lines");
    return path;
  }

  std::int64_t input_length(const YAML::Node& node) const {
    const std::int64_t tokens = yaml_.count(node);
    if (tokens == 1) yaml_.refuse(node, "1, which leaves room for EOS only", "at least 2 tokens");
    return tokens;
  }

  /// Keys of one kind are errors in the other: they would have no effect.
  void only_for(TaskKind wanted, TaskKind found, const YAML::Node& map, const std::string& key) const {
    if (map[key] && wanted != found) {
      yaml_.refuse(map[key], "\"" + key + "\" in a task of kind " + to_string(found), "",
                   "only tasks of kind " + to_string(wanted) + " have it");
    }
  }

  Task read_task(const YAML::Node& node) const {
    if (node.IsMap() && node["max_input_length"]) {
      yaml_.refuse(node["max_input_length"], "\"max_input_length\" was renamed", "\"max_input\"");
    }
    yaml_.check_map(node, kTaskKeys, "a task: name, data, kind");
    Task task{.name = yaml_.text(yaml_.member(node, "name", "task")),
              .data = data(yaml_.member(node, "data", "task")),
              .kind = kind(yaml_.member(node, "kind", "task")),
              .metrics = {}};
    only_for(TaskKind::rank_classification, task.kind, node, "length_normalise");
    only_for(TaskKind::generation, task.kind, node, "metrics");
    only_for(TaskKind::generation, task.kind, node, "max_new_tokens");
    if (node["length_normalise"]) task.length_normalise = yaml_.truth(node["length_normalise"]);
    if (node["metrics"]) task.metrics = metrics(node["metrics"]);
    if (node["max_new_tokens"]) task.max_new_tokens = yaml_.count(node["max_new_tokens"]);
    if (node["max_input"]) task.max_input = input_length(node["max_input"]);
    if (node["expert"]) task.expert = yaml_.text(node["expert"]);
    if (task.kind == TaskKind::generation && task.metrics.empty()) task.metrics = {"exact_match"};
    return task;
  }

  YamlReader yaml_;
};

std::vector<std::string> shipped_names(const fs::path& directory) {
  std::vector<std::string> names;
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(directory, missing)) names.push_back(entry.path().stem());
  std::ranges::sort(names);
  return names;
}

}  // namespace

std::string to_string(TaskKind kind) { return kind == TaskKind::generation ? "generation" : "rank_classification"; }

std::optional<TaskKind> task_kind(std::string_view name) {
  for (const TaskKind kind : {TaskKind::rank_classification, TaskKind::generation}) {
    if (name == to_string(kind)) return kind;
  }
  return std::nullopt;
}

const std::vector<std::string>& generation_metrics() { return kMetrics; }

Suite read_suite(const fs::path& path) { return SuiteReader(path).read(); }

fs::path suite_file(const std::string& name) {
  if (name.find_first_of("/.") != std::string::npos) return name;
  const fs::path directory = data_directory() / "assets" / "suites";
  const fs::path file = directory / (name + ".yaml");
  if (is_file(file)) return file;
  const std::vector<std::string> names = shipped_names(directory);
  const std::string near = did_you_mean(name, names);
  refuse_usage("--suite", "no suite \"" + name + "\" comes with the program",
               fmt::format("the path of a file, or one of {}", fmt::join(names, ", ")),
               near.empty() && is_file(name) ? "./" + name + " is the file of this name" : near);
}

}  // namespace phatgoose
