// Where the results are that a command line names.
#pragma once

#include <string>
#include <vector>

#include "phatgoose/store/named_directory.h"

namespace phatgoose {

struct RunPlace {
  fs::path directory;  ///< with results.json
  std::string method;  ///< its name among those it was evaluated with
  std::string set;     ///< the name that was given to the directory of several methods; usually empty
  bool uses_labels = false;

  /// "METHOD", or "SET/METHOD".
  std::string name() const { return set.empty() ? method : set + "/" + method; }
};

/// Of directories of results, and of those of several methods, each with all that its comparison.json names (reference
/// rows have no directory). What is no such directory, or unfinished: bad_data. Two of the same name: usage error.
std::vector<RunPlace> find_runs(const std::vector<NamedDirectory>& directories);

}  // namespace phatgoose
