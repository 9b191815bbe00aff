// Settings of `phatgoose describe`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "phatgoose/settings/common.h"
#include "phatgoose/settings/named_directories.h"
#include "phatgoose/settings/reading.h"

namespace phatgoose {

struct DescribeSettings {
  enum class Source { model, given, rule };

  CommonSettings common;
  // Experts.
  std::vector<std::string> experts;  ///< DIR or NAME=DIR
  std::optional<std::string> library;
  std::vector<std::string> data;  ///< files; "{name}" in them is the expert's name
  std::optional<std::string> apart_from;
  bool without_examples = false;  ///< description.json keeps neither examples nor prompt
  std::optional<std::string> model, encoder;
  bool allow_partial = false;
  // Target tasks.
  std::optional<std::string> suite, data_dir, out;
  bool allow_missing = false;
  std::vector<std::string> tasks;  ///< names; empty: all of the suite
  std::string per = "task";        ///< or "query"
  std::optional<std::int64_t> limit, limit_seed;
  // Texts.
  std::optional<std::string> source, text, texts;
  std::int64_t examples = 3;
  std::int64_t example_length = 1000;  ///< characters
  RowReadingSettings reading;
  // The language model.
  std::optional<std::string> endpoint, llm;
  std::int64_t max_tokens = 200;
  double temperature = 0;
  std::int64_t max_characters = 1000;
  double timeout = 60;  ///< seconds
  std::int64_t retries = 5;
  std::optional<double> requests_per_minute;
  std::int64_t parallel = 1;

  OptionSet declare();

  bool of_targets() const { return suite.has_value(); }
  bool per_query() const { return per == "query"; }
  Source text_source() const;
  /// Usage error where options contradict each other, or something is missing.
  void check() const;

 private:
  void check_source() const;
  void check_expert_options() const;
  void check_target_options() const;
};

}  // namespace phatgoose
