#include "phatgoose/report/run_places.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "phatgoose/base/error.h"
#include "phatgoose/report/comparison.h"
#include "phatgoose/report/results_directory.h"

namespace phatgoose {
namespace {

bool has_results(const fs::path& directory) { return is_file(directory / kResultsFile); }

/// The methods of a comparison, each in the directory of its name.
std::vector<RunPlace> methods_in(const NamedDirectory& parent) {
  const fs::path file = parent.path / "comparison.json";
  const Comparison comparison = read_json(file, comparison_of);
  std::vector<RunPlace> places;
  for (const Comparison::Row& row : comparison.rows) {
    const fs::path directory = parent.path / row.method;
    if (!has_results(directory)) {
      if (is_reference_row(row.method)) continue;
      refuse(file, "a method \"" + row.method + "\" without " + (directory / kResultsFile).string(),
             "the results of every method", "name the directories that are there, one by one");
    }
    places.push_back({directory, row.method, parent.name, row.uses_labels});
  }
  return places;
}

[[noreturn]] void refuse_directory(const fs::path& directory) {
  std::error_code error;
  if (!fs::is_directory(directory, error)) refuse(directory, "no such directory");
  if (is_file(directory / "run.json")) {
    refuse(directory, "an evaluation that is not finished", "results.json", "the command that began it continues it");
  }
  refuse(directory, "no results",
         "results.json of one method, or comparison.json of several next to a directory for each");
}

std::vector<RunPlace> places_of(const NamedDirectory& directory) {
  if (has_results(directory.path)) {
    const std::string own = full_path(directory.path).filename();
    return {{directory.path, directory.name.empty() ? own : directory.name, ""}};
  }
  if (is_file(directory.path / "comparison.json")) return methods_in(directory);
  refuse_directory(directory.path);
}

}  // namespace

std::vector<RunPlace> find_runs(const std::vector<NamedDirectory>& directories) {
  std::vector<RunPlace> places;
  for (const NamedDirectory& directory : directories)
    std::ranges::move(places_of(directory), std::back_inserter(places));
  std::set<std::string> names;
  for (const RunPlace& place : places) {
    if (names.insert(place.name()).second) continue;
    refuse_usage("RESULTS", "two methods called " + place.name(), "names that differ",
                 "give one of the directories another name: NAME=DIR");
  }
  return places;
}

}  // namespace phatgoose
