// Settings of `phatgoose eval`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "phatgoose/settings/common.h"
#include "phatgoose/settings/reading.h"
#include "phatgoose/store/routing_settings.h"

namespace phatgoose {

/// What is evaluated, and what it is compared with. A call for one of the methods differs in these.
struct MethodOptions {
  bool base = false;  ///< evaluate the base as well; it is evaluated alone where nothing else is named
  std::vector<std::string> experts = {}, routed = {}, modular = {}, task_moe = {};  ///< DIR or NAME=DIR
  std::optional<std::string> library = {};
  std::optional<std::string> methods = {};     ///< file of more methods, each with settings of its own
  std::optional<std::string> compare_to = {};  ///< name of a method
  bool exclude_own = false;
  std::optional<std::string> unknown_task = {};  ///< "error", "uniform", "mean"; for modular adapters; none: "error"
  std::optional<std::string> route = {};         ///< "softmax", "argmax"; this and the next for task-level mixtures
  std::optional<std::string> task_vectors = {};  ///< directory
  RoutingSettings routing = {};
};

struct EvalSettings : MethodOptions {
  CommonSettings common;
  std::string model;
  bool allow_partial = false;  ///< take experts that lack factors which their configuration promises
  std::string suite;
  std::optional<std::string> data_dir;  ///< none: the suite's file says where its data is
  bool allow_missing = false;           ///< go on without tasks that may be missing; the tasks decide about a run
  std::string out;
  bool json = false;                       ///< on stdout
  std::vector<std::string> tasks;          ///< names; empty: all of the suite
  std::optional<std::int64_t> limit;       ///< rows per task
  std::optional<std::int64_t> limit_seed;  ///< draws these rows; none: the first
  std::optional<std::string> shard;        ///< "NUMBER/OF"
  RowReadingSettings reading;
  std::int64_t pass_tokens = 4096;
  std::int64_t encoder_cache = 512;  ///< MiB

  OptionSet declare();
};

}  // namespace phatgoose
