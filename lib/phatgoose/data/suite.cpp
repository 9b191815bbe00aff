#include "phatgoose/data/suite.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "phatgoose/base/data_directory.h"
#include "phatgoose/base/error.h"
#include "phatgoose/base/nearest.h"
#include "phatgoose/base/yaml_reader.h"

namespace phatgoose {
namespace {

const std::vector<std::string> kSuiteKeys = {"name", "source", "tasks"};
const std::vector<std::string> kTaskKeys = {
    "name",   "data",   "kind",    "length_normalise", "metrics",           "max_new_tokens", "max_input",
    "expert", "source", "mixture", "templates",        "without_templates", "in_turn",        "may_be_missing"};
const std::vector<std::string> kMetrics = {"exact_match", "squad_em", "squad_f1", "rouge_1",
                                           "rouge_2",     "rouge_l",  "bleu"};

const std::string kMetricNames = fmt::format("{}", fmt::join(kMetrics, ", "));

class SuiteReader {
 public:
  SuiteReader(const fs::path& path, fs::path directory) : yaml_(path), directory_(std::move(directory)) {}

  Suite read() const {
    const YAML::Node root = yaml_.load();
    yaml_.check_map(root, kSuiteKeys, "a suite: name and tasks");
    Suite suite{.name = yaml_.text(yaml_.member(root, "name", "suite")), .tasks = {}};
    if (root["source"]) suite.source = yaml_.text(root["source"]);
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

  /// Names that differ in their keys, too.
  std::vector<std::string> template_names(const YAML::Node& map, const char* key) const {
    std::vector<std::string> names;
    if (!map[key]) return names;
    yaml_.check_list(map[key], fmt::format("\"{}\"", key), "names of templates");
    for (const YAML::Node& element : map[key]) {
      const std::string name = yaml_.text(element);
      const auto same = std::ranges::find(names, template_key(name), template_key);
      if (same != names.end()) {
        yaml_.refuse(element, fmt::format("template \"{}\" after \"{}\"", name, *same), "every template once");
      }
      names.push_back(name);
    }
    return names;
  }

  TemplateRule template_rule(const YAML::Node& map) const {
    TemplateRule rule{.only = template_names(map, "templates"), .without = template_names(map, "without_templates")};
    for (const YAML::Node& element : map["without_templates"]) {
      if (std::ranges::find(rule.only, template_key(element.Scalar()), template_key) == rule.only.end()) continue;
      yaml_.refuse(element, fmt::format("template \"{}\" in both lists", element.Scalar()),
                   "a template in one of them");
    }
    if (map["in_turn"]) rule.in_turn = yaml_.truth(map["in_turn"]);
    return rule;
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
              .data = (directory_ / yaml_.text(yaml_.member(node, "data", "task"))).lexically_normal(),
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
    if (node["source"]) task.source = yaml_.text(node["source"]);
    if (node["mixture"]) task.mixture = yaml_.text(node["mixture"]);
    if (node["may_be_missing"]) task.may_be_missing = yaml_.truth(node["may_be_missing"]);
    task.templates = template_rule(node);
    if (task.kind == TaskKind::generation && task.metrics.empty()) task.metrics = {"exact_match"};
    return task;
  }

  YamlReader yaml_;
  fs::path directory_;  // of the data
};

/// The suites that come with the program, by name: those over its own tasks, and those of public data sets.
std::map<std::string, fs::path> shipped_suites() {
  std::map<std::string, fs::path> files;
  for (const char* folder : {"assets/suites", "configs/suites"}) {
    std::error_code missing;
    for (const auto& entry : fs::directory_iterator(data_directory() / folder, missing)) {
      files.emplace(entry.path().stem(), entry.path());
    }
  }
  return files;
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

Suite read_suite(const fs::path& path, const fs::path& directory) { return SuiteReader(path, directory).read(); }

fs::path suite_file(const std::string& name) {
  if (name.find_first_of("/.") != std::string::npos) return name;
  const std::map<std::string, fs::path> shipped = shipped_suites();
  if (const auto found = shipped.find(name); found != shipped.end()) return found->second;
  std::vector<std::string> names;
  for (const auto& [known, file] : shipped) names.push_back(known);
  const std::string near = did_you_mean(name, names);
  refuse_usage("--suite", "no suite \"" + name + "\" comes with the program",
               fmt::format("the path of a file, or one of {}", fmt::join(names, ", ")),
               near.empty() && is_file(name) ? "./" + name + " is the file of this name" : near);
}

}  // namespace phatgoose
