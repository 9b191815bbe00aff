// inspect of one directory or several, and the comparison of the experts among them.
#include <algorithm>

#include "phatgoose/base/error.h"
#include "phatgoose/report/inspection.h"
#include "phatgoose/report/similarity.h"
#include "phatgoose/store/routed_model_directory.h"

namespace phatgoose {
namespace {

bool is_of_kind(const Json& inspection, const char* kind) { return inspection.at("kind") == kind; }

/// The directories of the experts that `found` is about: those of a routed model, or the given ones.
std::vector<fs::path> expert_paths(const std::vector<fs::path>& directories, const Json& found) {
  if (directories.size() == 1 && is_of_kind(found, kRoutedModelKind)) {
    std::vector<fs::path> paths;
    for (const auto& expert : read_routed_model(directories.front()).experts) {
      paths.push_back(directories.front() / expert.path);
    }
    return paths;
  }
  const bool experts = directories.size() > 1 && std::ranges::all_of(found.at("directories"), [](const Json& one) {
                         return is_of_kind(one, kExpertKind);
                       });
  if (experts) return directories;
  fail(ExitCode::usage,
       {.where = "--similarity",
        .found = directories.size() == 1 ? "one directory, of kind " + found.at("kind").get<std::string>()
                                         : "directories that are not all experts",
        .expected = "a routed model, or the directories of several experts"});
}

Json similarity_of(const std::vector<fs::path>& paths) {
  std::vector<ExpertDirectory> experts;
  for (const fs::path& path : paths) experts.push_back(ExpertDirectory::open(path));
  return expert_similarity(experts);
}

}  // namespace

Json inspect_directories(const std::vector<fs::path>& directories, bool verify, bool similarity) {
  Json found;
  if (directories.size() == 1) {
    found = inspect_directory(directories.front(), verify);
  } else {
    found = {{"kind", "directories"}, {"directories", Json::array()}};
    for (const fs::path& directory : directories) found["directories"].push_back(inspect_directory(directory, verify));
  }
  if (similarity) found["similarity"] = similarity_of(expert_paths(directories, found));
  return found;
}

}  // namespace phatgoose
