// A YAML file of ours (suites, methods), read so that every mistake is told with file and line.
#pragma once

#include <yaml-cpp/yaml.h>

#include <cstdint>
#include <string>
#include <vector>

#include "phatgoose/base/files.h"

namespace phatgoose {

/// Typed values of one document. What does not fit is a bad_data error at "FILE:LINE".
class YamlReader {
 public:
  explicit YamlReader(fs::path path) : path_(std::move(path)) {}

  /// The file's only document. Missing, not YAML, or several documents: bad_data.
  YAML::Node load() const;

  /// "FILE:LINE" of a node.
  std::string place(const YAML::Node& node) const;
  [[noreturn]] void refuse(const YAML::Node& node, const std::string& found, const std::string& expected,
                           const std::string& hint = "") const;

  /// `node` must be a map with some of `keys`, each once; `what` says what it should be.
  void check_map(const YAML::Node& node, const std::vector<std::string>& keys, const std::string& what) const;
  /// `node`, called `name` in errors, must be a list that is not empty, of `what`.
  void check_list(const YAML::Node& node, const std::string& name, const std::string& what) const;
  /// A key that every `owner` ("task") must have.
  YAML::Node member(const YAML::Node& map, const std::string& key, const std::string& owner) const;

  std::string text(const YAML::Node& node) const;    ///< not empty
  bool truth(const YAML::Node& node) const;          ///< true or false
  std::int64_t count(const YAML::Node& node) const;  ///< a whole number, at least 1
  /// A path, relative to the file's directory or absolute.
  fs::path resolved(const YAML::Node& node) const;

 private:
  fs::path path_;
};

}  // namespace phatgoose
