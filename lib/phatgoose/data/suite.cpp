#include "phatgoose/data/suite.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "phatgoose/base/error.h"
#include "phatgoose/base/nearest.h"

namespace phatgoose {
namespace {

const std::vector<std::string> kSuiteKeys = {"name", "tasks"};
const std::vector<std::string> kTaskKeys = {
    "name", "data", "kind", "length_normalise", "metrics", "max_new_tokens", "max_input_length"};
const std::vector<std::string> kMetrics = {"exact_match", "rouge_l", "squad_f1", "bleu"};

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

/// Reads typed values from a document whose path it names in errors.
class SuiteReader {
 public:
  explicit SuiteReader(fs::path path) : path_(std::move(path)) {}

  Suite read() {
    const YAML::Node root = load();
    check_map(root, kSuiteKeys, "a suite: name and tasks");
    Suite suite{.name = text(member(root, "name")), .tasks = {}};
    const YAML::Node tasks = member(root, "tasks");
    if (!tasks.IsSequence() || tasks.size() == 0) refuse(tasks, "\"tasks\"", "a list of at least one task");
    std::set<std::string> names;
    for (const YAML::Node& node : tasks) {
      suite.tasks.push_back(read_task(node));
      if (!names.insert(suite.tasks.back().name).second) {
        refuse(node, "a second task named \"" + suite.tasks.back().name + "\"", "a name of its own for each task");
      }
    }
    return suite;
  }

 private:
  YAML::Node load() const {
    const std::string content = read_file(path_);
    try {
      const std::vector<YAML::Node> documents = YAML::LoadAll(content);
      if (documents.size() > 1) refuse(documents[1], "a second YAML document", "one");
      return documents.empty() ? YAML::Node() : documents.front();
    } catch (const YAML::Exception& error) {
      fail(ExitCode::bad_data, {.where = path_.string() + ":" + std::to_string(error.mark.line + 1),
                                .found = error.msg,
                                .expected = "YAML",
                                .hint = ""});
    }
  }

  [[noreturn]] void refuse(const YAML::Node& node, const std::string& found, const std::string& expected,
                           const std::string& hint = "") const {
    const int line = node.Mark().is_null() ? 1 : node.Mark().line + 1;
    fail(ExitCode::bad_data,
         {.where = path_.string() + ":" + std::to_string(line), .found = found, .expected = expected, .hint = hint});
  }

  /// `node` must be a map with some of `keys`, each once.
  void check_map(const YAML::Node& node, const std::vector<std::string>& keys, const std::string& what) const {
    if (!node.IsMap()) refuse(node, "no map", what);
    std::set<std::string> seen;
    for (const auto& entry : node) {
      if (!entry.first.IsScalar()) refuse(entry.first, "a key that is not plain text", "one of " + joined(keys));
      const std::string& key = entry.first.Scalar();
      if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
        refuse(entry.first, "unknown key \"" + key + "\"", "one of " + joined(keys), did_you_mean(key, keys));
      }
      if (!seen.insert(key).second) refuse(entry.first, "key \"" + key + "\" a second time", "every key once");
    }
  }

  YAML::Node member(const YAML::Node& map, const std::string& key) const {
    const YAML::Node node = map[key];
    if (!node) refuse(map, "no \"" + key + "\"", "it is required");
    return node;
  }

  std::string text(const YAML::Node& node) const {
    if (!node.IsScalar() || node.Scalar().empty()) refuse(node, "no text", "a text that is not empty");
    return node.Scalar();
  }

  bool truth(const YAML::Node& node) const {
    const std::string value = text(node);
    if (value != "true" && value != "false") refuse(node, "\"" + value + "\"", "true or false");
    return value == "true";
  }

  std::int64_t count(const YAML::Node& node) const {
    const std::string value = text(node);
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    const bool whole = error == std::errc() && end == value.data() + value.size();
    if (!whole || number < 1 || value.front() == '0') refuse(node, "\"" + value + "\"", "a whole number from 1 on");
    return number;
  }

  TaskKind kind(const YAML::Node& node) const {
    const std::string value = text(node);
    for (const TaskKind candidate : {TaskKind::rank_classification, TaskKind::generation}) {
      if (value == to_string(candidate)) return candidate;
    }
    refuse(node, "kind \"" + value + "\"", "rank_classification or generation");
  }

  std::vector<std::string> metrics(const YAML::Node& node) const {
    std::vector<std::string> names;
    if (!node.IsSequence() || node.size() == 0) refuse(node, "\"metrics\"", "a list of some of " + joined(kMetrics));
    for (const YAML::Node& element : node) {
      const std::string name = text(element);
      const bool known = std::find(kMetrics.begin(), kMetrics.end(), name) != kMetrics.end();
      const bool again = std::find(names.begin(), names.end(), name) != names.end();
      if (!known || again) {
        refuse(element, std::string(again ? "a second time" : "unknown") + " metric \"" + name + "\"",
               "some of " + joined(kMetrics));
      }
      names.push_back(name);
    }
    return names;
  }

  fs::path data(const YAML::Node& node) const {
    const fs::path resolved = (path_.parent_path() / text(node)).lexically_normal();  // absolute paths stay as they are
    if (!fs::is_regular_file(resolved)) refuse(node, "no file " + resolved.string(), "a data file");
    return resolved;
  }

  /// Keys of one kind are errors in the other: they would have no effect.
  void only_for(TaskKind wanted, TaskKind found, const YAML::Node& map, const std::string& key) const {
    if (map[key] && wanted != found) {
      refuse(map[key], "\"" + key + "\" in a task of kind " + to_string(found), "it only in " + to_string(wanted));
    }
  }

  Task read_task(const YAML::Node& node) const {
    check_map(node, kTaskKeys, "a task: name, data, kind");
    Task task{.name = text(member(node, "name")),
              .data = data(member(node, "data")),
              .kind = kind(member(node, "kind")),
              .metrics = {}};
    only_for(TaskKind::rank_classification, task.kind, node, "length_normalise");
    only_for(TaskKind::generation, task.kind, node, "metrics");
    only_for(TaskKind::generation, task.kind, node, "max_new_tokens");
    if (node["length_normalise"]) task.length_normalise = truth(node["length_normalise"]);
    if (node["metrics"]) task.metrics = metrics(node["metrics"]);
    if (node["max_new_tokens"]) task.max_new_tokens = count(node["max_new_tokens"]);
    if (node["max_input_length"]) task.max_input_length = count(node["max_input_length"]);
    if (task.kind == TaskKind::generation && task.metrics.empty()) task.metrics = {"exact_match"};
    return task;
  }

  fs::path path_;
};

}  // namespace

std::string to_string(TaskKind kind) { return kind == TaskKind::generation ? "generation" : "rank_classification"; }

Suite read_suite(const fs::path& path) { return SuiteReader(path).read(); }

}  // namespace phatgoose
