#include "phatgoose/data/shipped_suites.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "phatgoose/base/data_directory.h"
#include "phatgoose/base/error.h"
#include "phatgoose/base/nearest.h"

namespace phatgoose {
namespace {

std::vector<std::string> shipped_names(const fs::path& directory) {
  std::vector<std::string> names;
  std::error_code missing;
  for (const auto& entry : fs::directory_iterator(directory, missing)) names.push_back(entry.path().stem());
  std::ranges::sort(names);
  return names;
}

}  // namespace

fs::path suite_file(const std::string& name) {
  if (name.find_first_of("/.") != std::string::npos) return name;
  const fs::path directory = data_directory() / "assets" / "suites";
  const fs::path file = directory / (name + ".yaml");
  if (is_file(file)) return file;
  const std::vector<std::string> names = shipped_names(directory);
  const std::string near = did_you_mean(name, names);
  refuse_usage("--suite", "no suite \"" + name + "\" comes with the program",
               fmt::format("the path of a file, or one of {}", fmt::join(names, ", ")),
               near.empty() && is_file(name) ? "./" + name + " is the file of this name" : near);
}

}  // namespace phatgoose
