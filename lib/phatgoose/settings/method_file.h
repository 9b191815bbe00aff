// A methods file: a YAML list of what one call of `phatgoose eval` evaluates, each entry with a name and settings of
// its own.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "phatgoose/base/files.h"
#include "phatgoose/store/routing_settings.h"

namespace phatgoose {

/// One method: at most one of `expert`, `routed`, `modular` and `task_moe`, none for the base.
struct MethodEntry {
  std::string name = {};    ///< of its directory of results too
  std::string source = {};  ///< "FILE:LINE"; empty: the command line
  std::optional<std::string> expert = {}, routed = {}, modular = {}, task_moe = {};  ///< directories
  std::vector<std::string> tasks = {};  ///< names; empty: all that are evaluated
  bool exclude_own = false;             ///< this and `routing` are for `routed` only
  RoutingSettings routing = {};
  std::optional<std::string> unknown_task = {};              ///< as the option; for `modular` only
  std::optional<std::string> route = {}, task_vectors = {};  ///< likewise; for `task_moe` only
};

/// The entries in order. Paths are taken relative to the file's directory. Unknown and repeated keys, repeated names,
/// values that the option of the same name would not take, directories that are not there: bad_data with the line.
std::vector<MethodEntry> read_methods(const fs::path& file);

}  // namespace phatgoose
