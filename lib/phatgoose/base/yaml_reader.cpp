#include "phatgoose/base/yaml_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "phatgoose/base/error.h"
#include "phatgoose/base/nearest.h"
#include "phatgoose/base/text_file.h"

namespace phatgoose {

YAML::Node YamlReader::load() const {
  const std::string content = read_text(path_);
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(content);
    if (documents.size() > 1) refuse(documents[1], "a second YAML document", "a single one");
    return documents.empty() ? YAML::Node() : documents.front();
  } catch (const YAML::Exception& error) {
    phatgoose::refuse(fmt::format("{}:{}", path_.string(), error.mark.line + 1), error.msg, "YAML");
  }
}

std::string YamlReader::place(const YAML::Node& node) const {
  return fmt::format("{}:{}", path_.string(), node.Mark().is_null() ? 1 : node.Mark().line + 1);
}

void YamlReader::refuse(const YAML::Node& node, const std::string& found, const std::string& expected,
                        const std::string& hint) const {
  phatgoose::refuse(place(node), found, expected, hint);
}

void YamlReader::check_map(const YAML::Node& node, const std::vector<std::string>& keys,
                           const std::string& what) const {
  if (!node.IsMap()) refuse(node, "not a mapping", what);
  const std::string known = fmt::format("one of {}", fmt::join(keys, ", "));
  std::set<std::string> seen;
  for (const auto& entry : node) {
    if (!entry.first.IsScalar()) refuse(entry.first, "a key that is not plain text", known);
    const std::string& key = entry.first.Scalar();
    if (std::ranges::find(keys, key) == keys.end()) {
      refuse(entry.first, "unknown key \"" + key + "\"", known, did_you_mean(key, keys));
    }
    if (!seen.insert(key).second) refuse(entry.first, "duplicate key \"" + key + "\"", "every key once");
  }
}

void YamlReader::check_list(const YAML::Node& node, const std::string& name, const std::string& what) const {
  if (!node.IsSequence()) refuse(node, name + " is not a list", "a list of " + what);
  if (node.size() == 0) refuse(node, name + " is empty", "a list of " + what);
}

YAML::Node YamlReader::member(const YAML::Node& map, const std::string& key, const std::string& owner) const {
  const YAML::Node node = map[key];
  if (!node) refuse(map, "no \"" + key + "\"", "", "every " + owner + " needs one");
  return node;
}

std::string YamlReader::text(const YAML::Node& node) const {
  if (!node.IsScalar()) refuse(node, node.IsNull() ? "nothing" : "a list or mapping", "plain text");
  if (node.Scalar().empty()) refuse(node, "an empty text", "text");
  return node.Scalar();
}

bool YamlReader::truth(const YAML::Node& node) const {
  const std::string value = text(node);
  if (value != "true" && value != "false") refuse(node, "\"" + value + "\"", "true or false");
  return value == "true";
}

std::int64_t YamlReader::count(const YAML::Node& node) const {
  const std::string value = text(node);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  const bool whole = error == std::errc() && end == value.data() + value.size();
  if (!whole || number < 1 || value.front() == '0') refuse(node, "\"" + value + "\"", "a whole number of at least 1");
  return number;
}

fs::path YamlReader::resolved(const YAML::Node& node) const {
  return (path_.parent_path() / text(node)).lexically_normal();
}

}  // namespace phatgoose
