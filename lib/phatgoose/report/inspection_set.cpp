// inspect of one directory or file, or several, and the comparison of the experts among them.
#include <algorithm>

#include "phatgoose/base/error.h"
#include "phatgoose/report/inspection.h"
#include "phatgoose/report/similarity.h"
#include "phatgoose/store/manifest.h"
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
  if (directories.size() == 1 && is_of_kind(found, "folder")) {
    std::vector<fs::path> paths;
    for (const Json& one : found.at("directories")) {
      if (is_of_kind(one, kExpertKind)) paths.emplace_back(one.at("path").get<std::string>());
    }
    if (paths.size() > 1) return paths;
  }
  const bool experts = directories.size() > 1 && std::ranges::all_of(found.at("directories"), [](const Json& one) {
                         return is_of_kind(one, kExpertKind);
                       });
  if (experts) return directories;
  refuse_usage("--similarity",
               directories.size() == 1 ? "one directory, of kind " + found.at("kind").get<std::string>()
                                       : "directories that are not all experts",
               "a routed model, several experts, or a folder of them");
}

Json similarity_of(const std::vector<fs::path>& paths) {
  std::vector<ExpertDirectory> experts;
  for (const fs::path& path : paths) experts.push_back(ExpertDirectory::open(path));
  return expert_similarity(experts);
}

void check_files(const std::vector<fs::path>& paths, bool verify, const RowCheck& rows) {
  const auto file = std::ranges::find_if(paths, [](const fs::path& path) { return is_file(path); });
  if (verify && file != paths.end()) {
    refuse_usage("--verify", file->string() + ", a file", "directories, whose manifests have hashes");
  }
  if (rows.model && file == paths.end()) {
    refuse_usage("--model", "no file of rows", "one, whose tokens the base's tokenizer counts");
  }
}

}  // namespace

Json inspect_directories(const std::vector<fs::path>& paths, bool verify, bool similarity, const RowCheck& rows) {
  check_files(paths, verify, rows);
  const auto inspect = [&](const fs::path& path) {
    return is_file(path) ? inspect_rows(path, rows) : inspect_directory(path, verify);
  };
  Json found;
  if (paths.size() == 1) {
    found = inspect(paths.front());
  } else {
    found = {{"kind", "directories"}, {"directories", Json::array()}};
    for (const fs::path& path : paths) found["directories"].push_back(inspect(path));
  }
  if (similarity) found["similarity"] = similarity_of(expert_paths(paths, found));
  return found;
}

}  // namespace phatgoose
