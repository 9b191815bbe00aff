#include "phatgoose/store/routed_model_builder.h"

#include <algorithm>

#include "phatgoose/base/error.h"
#include "phatgoose/base/log.h"
#include "phatgoose/base/shell.h"
#include "phatgoose/store/expert_examination.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/staged_directory.h"

namespace phatgoose {
namespace {

constexpr const char* kPackedFolder = "experts";

using Reference = RoutedModelManifest::ExpertReference;

/// What the model is built with: the plan's settings, otherwise the defaults.
RoutingSettings routing_of(const RoutedModelPlan& plan) {
  const RoutingSettings usual = RoutingSettings::defaults();
  RoutingSettings routing = usual.overridden_by(plan.routing);
  plan.routing.check_fit(routing.router, "--router", usual);
  routing.enabled.clear();  // stands with the experts
  return routing;
}

void copy_whole(const fs::path& from, const fs::path& to) {
  const MappedFile source(from);
  write_file(to, {reinterpret_cast<const char*>(source.bytes().data()), source.bytes().size()});
}

/// Copies what the router needs of an expert; its manifest, where it has one, lists the copies only. Returns their
/// names.
std::vector<std::string> pack_expert(const fs::path& from, const fs::path& to, const Reference& expert) {
  std::vector<std::string> names = {"adapter_config.json"};
  for (const auto& [file, hash] : expert.files) names.push_back(file);
  make_directories(to);
  for (const std::string& name : names) copy_whole(from / name, to / name);
  if (const auto manifest = read_manifest(from, kExpertKind)) {
    write_manifest(to, *manifest, names);
    names.push_back("manifest.json");
  }
  return names;
}

std::vector<std::string> pack_experts(const RoutedModelPlan& plan, const RoutedModelManifest& manifest,
                                      const fs::path& directory) {
  std::vector<std::string> files;
  for (std::size_t i = 0; i < manifest.experts.size(); ++i) {
    const std::string& path = manifest.experts[i].path;
    for (const std::string& name : pack_expert(plan.experts[i].path, directory / path, manifest.experts[i])) {
      files.push_back(path + "/" + name);
    }
  }
  return files;
}

/// Whether `out` holds this very model; another one is not written over.
bool is_built(const fs::path& out, const RoutedModelManifest& manifest) {
  if (!is_file(out / "manifest.json")) return false;
  if (read_routed_model(out) == manifest) return true;
  refuse_usage("--out", out.string() + " contains another routed model", "a new or empty directory",
               "choose another --out, or remove that one first: rm -r " + shell_word(out.string()));
}

}  // namespace

void build_routed_model(const RoutedModelPlan& plan) {
  const RoutingSettings routing = routing_of(plan);
  check_output_directory(plan.out, kRoutedModelKind);
  const T5Config config = read_t5_config(plan.model);
  RoutedModelManifest manifest{.base_path = plan.model.string(),
                               .base_fingerprint = base_fingerprint(plan.model),
                               .routing = routing,
                               .encoder_name = {},
                               .encoder_fingerprint = {},
                               .experts = {}};
  std::vector<fs::path> paths;
  for (const NamedDirectory& expert : plan.experts) {
    Reference reference = examine_expert(expert, config, manifest, plan.allow_partial);
    reference.path =
        plan.pack ? std::string(kPackedFolder) + "/" + reference.name : relative_path(expert.path, plan.out);
    add_expert(manifest, std::move(reference), expert.path);
    paths.push_back(expert.path);
  }
  enable_only(manifest, plan.routing.enabled);
  check_enabled(manifest);
  check_factors(manifest, paths);
  if (is_built(plan.out, manifest)) {
    log_info(plan.out.string() + " is finished");
    return;
  }
  StagedDirectory staged(plan.out);
  const auto packed = plan.pack ? pack_experts(plan, manifest, staged.path()) : std::vector<std::string>();
  write_routed_model(staged.path(), manifest, packed);
  staged.commit();
}

}  // namespace phatgoose
