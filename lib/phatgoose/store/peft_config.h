// adapter_config.json of a PEFT LoRA directory: what decides rank, scale and place of every pair of factors.
#pragma once

#include <cstdint>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include "phatgoose/base/json.h"

namespace phatgoose {

/// A module pattern as PEFT matches it: a regular expression for the end of a module path, from a dot on.
class ModulePattern {
 public:
  /// bad_data where the expression cannot be read; `where` names its source.
  ModulePattern(const std::string& expression, const std::string& where);
  bool matches(const std::string& path) const { return std::regex_match(path, expression_); }

 private:
  std::regex expression_;
};

class PeftConfig {
 public:
  /// Refuses whatever is no plain LoRA (another peft_type, DoRA, biases, fully trained modules, an initialisation that
  /// changes the base), with the reason: bad_data.
  PeftConfig(const Json& json, const std::string& where);

  /// Whether PEFT would adapt this module (target_modules).
  bool targets(const std::string& path) const;
  std::int64_t rank_of(const std::string& path) const;
  /// c_e: alpha / R, or alpha / sqrt(R) for rsLoRA.
  double scale_of(const std::string& path) const;

 private:
  std::int64_t rank_;
  double alpha_;
  bool rank_stabilised_;
  std::vector<std::pair<ModulePattern, std::int64_t>> rank_patterns_;  ///< the first that matches counts
  std::vector<std::pair<ModulePattern, double>> alpha_patterns_;
  bool targets_all_ = false;
  std::vector<std::string> target_suffixes_;
  std::vector<std::regex> target_expression_;  ///< none or one, for the whole path
};

}  // namespace phatgoose
