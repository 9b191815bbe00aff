#include "phatgoose/store/routed_model_editor.h"

#include <algorithm>

#include "phatgoose/base/error.h"
#include "phatgoose/store/expert_examination.h"
#include "phatgoose/store/manifest.h"

namespace phatgoose {
namespace {

using Reference = RoutedModelManifest::ExpertReference;

void rename(RoutedModelManifest& manifest, const std::string& from, const std::string& to) {
  Reference& expert = expert_called(manifest, from, "--rename");
  const bool taken = std::ranges::find(manifest.experts, to, &Reference::name) != manifest.experts.end();
  if (taken || !is_expert_name(to)) {
    refuse_usage("--rename " + from + "=" + to, taken ? "a name that another expert has" : "\"" + to + "\"",
                 kExpertNameRule);
  }
  expert.name = to;
}

void add(RoutedModelManifest& manifest, const RoutedModelEdit& edit) {
  if (edit.add.empty()) return;
  if (!edit.model) refuse_usage("--add", "no --model", "the base, to check the expert against");
  const std::string fingerprint = base_fingerprint(*edit.model);
  if (fingerprint != manifest.base_fingerprint) {
    refuse(edit.model->string(), "base model " + fingerprint,
           manifest.base_fingerprint + ", the one that " + edit.directory.string() + " was built for");
  }
  const T5Config config = read_t5_config(*edit.model);
  for (const NamedDirectory& expert : edit.add) {
    Reference reference = examine_expert(expert, config, manifest, edit.allow_partial);
    reference.path = relative_path(expert.path, edit.directory);
    add_expert(manifest, std::move(reference), expert.path);
  }
}

/// The copies that a packed model lists; empty for others.
std::vector<std::string> packed_files(const fs::path& directory) {
  std::vector<std::string> files;
  const Json manifest = read_json((directory / "manifest.json").string());
  if (!manifest.contains("files")) return files;
  for (const auto& [name, entry] : manifest.at("files").items()) files.push_back(name);
  return files;
}

}  // namespace

void edit_routed_model(const RoutedModelEdit& edit) {
  RoutedModelManifest manifest = read_routed_model(edit.directory);
  const std::vector<std::string> packed = packed_files(edit.directory);
  if (!packed.empty() && !(edit.add.empty() && edit.remove.empty())) {
    refuse_usage(edit.directory, "--add or --remove for a packed routed model",
                 "a routed model that refers to its experts", "build it again with --pack");
  }
  for (const std::string& name : edit.remove) {
    expert_called(manifest, name, "--remove");
    std::erase_if(manifest.experts, [&](const Reference& expert) { return expert.name == name; });
  }
  for (const auto& [from, to] : edit.rename) rename(manifest, from, to);
  add(manifest, edit);
  for (const std::string& name : edit.disable) expert_called(manifest, name, "--disable").enabled = false;
  for (const std::string& name : edit.enable) expert_called(manifest, name, "--enable").enabled = true;
  check_enabled(manifest);
  std::vector<fs::path> paths;
  for (const Reference& expert : manifest.experts) paths.push_back(edit.directory / expert.path);
  check_factors(manifest, paths);
  write_routed_model(edit.directory, manifest, packed);
}

}  // namespace phatgoose
