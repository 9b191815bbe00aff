// Settings of `phatgoose prepare`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "phatgoose/settings/common.h"
#include "phatgoose/settings/named_directories.h"
#include "phatgoose/settings/reading.h"

namespace phatgoose {

struct PrepareSettings {
  CommonSettings common;
  std::string model;
  std::string router;
  std::vector<std::string> experts;  ///< DIR or NAME=DIR; one, unless the router needs no rows
  std::optional<std::string> library;
  bool allow_partial = false;  ///< take experts that lack factors which their configuration promises
  std::vector<std::string> data;
  std::optional<std::string> encoder;  ///< of routers that compare inputs; none: the base's encoder mean
  std::int64_t examples = 1000;
  std::int64_t max_input = 512;
  std::int64_t max_target = 512;
  RowReadingSettings reading;
  std::int64_t pass_tokens = 4096;

  OptionSet declare();
  /// The experts of --expert and --library. Usage error where options contradict each other.
  std::vector<NamedDirectory> checked_experts() const;
};

}  // namespace phatgoose
