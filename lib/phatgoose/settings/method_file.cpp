#include "phatgoose/settings/method_file.h"

#include <algorithm>
#include <set>

#include "phatgoose/base/error.h"
#include "phatgoose/base/option_values.h"
#include "phatgoose/base/yaml_reader.h"
#include "phatgoose/settings/named_directories.h"
#include "phatgoose/store/named_directory.h"

namespace phatgoose {
namespace {

constexpr const char* kTasks = "tasks";               // what every method may say, what
constexpr const char* kUnknownTask = "unknown-task";  // modular adapters,
constexpr const char* kRoute = "route";               // and mixtures may; the rest is for routed models
constexpr const char* kVectors = "vectors";
const std::vector<std::string> kWhat = {"base", "expert", "routed", "modular", "task-moe"};
constexpr const char* kForm = "a method: name, and base, expert, routed, modular or task-moe";

/// What an entry may say: the options of the command line with these names.
OptionSet entry_options(MethodEntry& entry) {
  OptionSet set("eval", "");
  entry.routing.declare(set, RoutingUse::evaluate);
  set.add("exclude-own", &entry.exclude_own, "");
  set.add(kTasks, &entry.tasks, "");
  declare_unknown_task(set, entry.unknown_task);
  declare_task_routes(set, entry.route, entry.task_vectors);
  return set;
}

class MethodsReader {
 public:
  explicit MethodsReader(const fs::path& path) : yaml_(path) {}

  std::vector<MethodEntry> read() const {
    const YAML::Node root = yaml_.load();
    yaml_.check_list(root, "the file", "methods, each with a name, and base, expert, routed, modular or task-moe");
    std::vector<MethodEntry> entries;
    std::set<std::string> names;
    for (const YAML::Node& node : root) {
      entries.push_back(read_entry(node));
      if (!names.insert(entries.back().name).second) {
        yaml_.refuse(node, "a second method named \"" + entries.back().name + "\"", "a unique name for each method");
      }
    }
    return entries;
  }

 private:
  MethodEntry read_entry(const YAML::Node& node) const {
    MethodEntry entry;
    const OptionSet options = entry_options(entry);
    std::vector<std::string> keys = {"name"};
    keys.insert(keys.end(), kWhat.begin(), kWhat.end());
    for (const Option& option : options.options()) keys.push_back(option.name);
    yaml_.check_map(node, keys, kForm);
    entry.name = name(yaml_.member(node, "name", "method"));
    read_what(node, entry);
    for (const Option& option : options.options()) read_option(node, option, entry);
    if (node["encoder"]) entry.routing.encoder = directory(node["encoder"]);
    if (node["descriptions"]) entry.routing.descriptions = yaml_.resolved(node["descriptions"]).string();
    if (node[kVectors]) entry.task_vectors = directory(node[kVectors]);
    entry.source = yaml_.place(node);
    return entry;
  }

  /// Names of methods are names of directories, as those of experts are.
  std::string name(const YAML::Node& node) const {
    const std::string value = yaml_.text(node);
    if (!is_expert_name(value)) yaml_.refuse(node, "name \"" + value + "\"", kExpertNameRule);
    return value;
  }

  void read_what(const YAML::Node& node, MethodEntry& entry) const {
    const auto given = std::ranges::count_if(kWhat, [&](const std::string& key) { return node[key].IsDefined(); });
    if (given != 1) {
      yaml_.refuse(node,
                   given == 0 ? "a method without base, expert, routed, modular and task-moe"
                              : "more than one of base, expert, routed, modular, task-moe",
                   "exactly one of them");
    }
    if (node["base"] && !yaml_.truth(node["base"])) yaml_.refuse(node["base"], "\"false\" for base", "base: true");
    if (node["expert"]) entry.expert = directory(node["expert"]);
    if (node["routed"]) entry.routed = directory(node["routed"]);
    if (node["modular"]) entry.modular = directory(node["modular"]);
    if (node["task-moe"]) entry.task_moe = directory(node["task-moe"]);
  }

  std::string directory(const YAML::Node& node) const {
    const fs::path path = yaml_.resolved(node);
    if (!fs::is_directory(path)) yaml_.refuse(node, "no such directory: " + path.string(), "");
    return path.string();
  }

  void check_owner(const YAML::Node& value, const std::string& option, const MethodEntry& entry) const {
    if (option == kTasks) return;
    if (option == kUnknownTask) {
      if (!entry.modular)
        yaml_.refuse(value, "\"" + option + "\" without modular", "", "only modular adapters have it");
    } else if (option == kRoute || option == kVectors) {
      if (!entry.task_moe)
        yaml_.refuse(value, "\"" + option + "\" without task-moe", "", "only task-level mixtures have it");
    } else if (!entry.routed) {
      yaml_.refuse(value, "\"" + option + "\" without routed", "", "only routed models have it");
    }
  }

  void read_option(const YAML::Node& node, const Option& option, const MethodEntry& entry) const {
    const YAML::Node value = node[option.name];
    if (!value) return;
    check_owner(value, option.name, entry);
    std::vector<std::string> texts;
    if (is_list(option)) {
      yaml_.check_list(value, "\"" + option.name + "\"", "names");
      for (const YAML::Node& element : value) texts.push_back(yaml_.text(element));
    } else {
      texts = {yaml_.text(value)};
    }
    in_data(yaml_.place(value), [&] { assign_texts(option, texts); });
  }

  YamlReader yaml_;
};

}  // namespace

std::vector<MethodEntry> read_methods(const fs::path& file) { return MethodsReader(file).read(); }

}  // namespace phatgoose
