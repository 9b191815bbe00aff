#include "phatgoose/store/routed_model_builder.h"

#include <algorithm>
#include <map>

#include "phatgoose/base/error.h"
#include "phatgoose/base/log.h"
#include "phatgoose/store/expert_name.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/router_kinds.h"
#include "phatgoose/store/staged_directory.h"
#include "phatgoose/store/stored_embeddings.h"

namespace phatgoose {
namespace {

constexpr const char* kKind = "routed-model";
constexpr const char* kPackedFolder = "experts";

using Reference = RoutedModelManifest::ExpertReference;

void check_name(const ExpertDirectory& expert) {
  if (is_expert_name(expert.name())) return;
  fail(ExitCode::bad_data, {.where = expert.path().string(),
                            .found = "an expert called \"" + expert.name() + "\"",
                            .expected = kExpertNameRule});
}

std::string relative_path(const fs::path& expert, const fs::path& out) {
  std::error_code error;
  const fs::path path = fs::relative(expert, out, error);
  if (error) fail(ExitCode::cannot_finish, {.where = expert.string(), .found = "no path to it: " + error.message()});
  return path.string();
}

/// Hash of the file that the router reads beside the adapter, whose content is checked; empty where it reads none.
std::string prototypes_hash(const ExpertDirectory& expert, const std::string& router) {
  const RouterKind& kind = router_kind(router, "--router");
  if (kind.prototypes == nullptr) return {};
  if (!is_file(expert.path() / kind.prototypes)) {
    fail(ExitCode::bad_data, {.where = expert.path().string(),
                              .found = std::string("no ") + kind.prototypes,
                              .expected = "what the router " + router + " needs of an expert",
                              .hint = std::string("make it with phatgoose ") + kind.made_by + " --expert " +
                                      expert.path().string()});
  }
  if (!kind.has_encoder) expert.vectors(kind.prototypes);
  return expert.file_hash(kind.prototypes);
}

Reference examine(const fs::path& path, const RoutedModelPlan& plan, const T5Config& config,
                  const std::string& fingerprint) {
  const ExpertDirectory expert = ExpertDirectory::open(path);
  check_name(expert);
  expert.check_base(config, fingerprint);
  const std::string place =
      plan.pack ? std::string(kPackedFolder) + "/" + expert.name() : relative_path(path, plan.out);
  return {expert.name(), place, expert.adapter_hash(), prototypes_hash(expert, plan.router), true};
}

/// Routers that select nothing take no settings of selection.
void check_settings(const RoutedModelPlan& plan) {
  const RouterKind& kind = router_kind(plan.router, "--router");
  const bool selects = kind.mixing == RouterKind::Mixing::selected;
  if (!selects && plan.selection != SelectionSettings()) {
    fail(ExitCode::usage, {.where = "--router " + plan.router,
                           .found = "--k, --top-p, --temperature or --renorm-eps",
                           .expected = "none of them: this router selects nothing"});
  }
  if (plan.mix == Mix::parameters && !selects) {
    fail(ExitCode::usage, {.where = "--router " + plan.router,
                           .found = "--mix parameters",
                           .expected = "a router that selects experts for every token"});
  }
}

/// The encoder of the experts' examples, which must be the same for all.
void note_encoder(RoutedModelManifest& manifest, const fs::path& file, const RouterKind& kind) {
  const StoredEmbeddings stored = read_embeddings(file);
  if (manifest.encoder_fingerprint.empty()) {
    manifest.encoder_name = stored.encoder_name;
    manifest.encoder_fingerprint = stored.encoder_fingerprint;
  }
  if (manifest.encoder_fingerprint == stored.encoder_fingerprint) return;
  fail(ExitCode::bad_data, {.where = file.string(),
                            .found = "embeddings of the encoder " + stored.encoder_name,
                            .expected = "of " + manifest.encoder_name + ", like the experts before",
                            .hint = "run phatgoose " + std::string(kind.made_by) + " again for all experts"});
}

void check_distinct(const std::vector<Reference>& experts, const std::vector<fs::path>& paths) {
  std::map<std::string, fs::path> seen;
  for (std::size_t i = 0; i < experts.size(); ++i) {
    const auto [first, is_new] = seen.emplace(experts[i].name, paths[i]);
    if (is_new) continue;
    fail(ExitCode::bad_data, {.where = paths[i].string(),
                              .found = "an expert called " + experts[i].name + ", like " + first->second.string(),
                              .expected = "names that differ",
                              .hint = "without a manifest an expert is called like its directory"});
  }
}

/// The router "single" is for one enabled expert.
void check_single(const RoutedModelManifest& manifest) {
  const auto enabled = std::ranges::count_if(manifest.experts, [](const Reference& expert) { return expert.enabled; });
  if (manifest.router != "single" || enabled == 1) return;
  fail(ExitCode::usage, {.where = "--router single",
                         .found = std::to_string(enabled) + " enabled experts",
                         .expected = "one, named by --enabled"});
}

void copy_whole(const fs::path& from, const fs::path& to) {
  const MappedFile source(from);
  AtomicFile target(to);
  target.write(source.bytes().data(), source.bytes().size());
  target.commit();
}

/// Copies what the router needs of an expert; its manifest, where it has one, lists the copies only. Returns their names.
std::vector<std::string> pack_expert(const fs::path& from, const fs::path& to, const RouterKind& kind) {
  const ExpertDirectory expert = ExpertDirectory::open(from, /*check_values=*/false);
  std::vector<std::string> names = {"adapter_config.json", expert.adapter_file().filename().string()};
  if (kind.prototypes != nullptr) names.emplace_back(kind.prototypes);
  make_directories(to);
  for (const std::string& name : names) copy_whole(from / name, to / name);
  if (const auto manifest = read_manifest(from, "expert")) {
    write_manifest(to, *manifest, names);
    names.push_back("manifest.json");
  }
  return names;
}

std::vector<std::string> pack_experts(const RoutedModelPlan& plan, const std::vector<Reference>& experts,
                                      const fs::path& directory) {
  const RouterKind& kind = router_kind(plan.router, "--router");
  std::vector<std::string> files;
  for (std::size_t i = 0; i < experts.size(); ++i) {
    for (const std::string& name : pack_expert(plan.experts[i], directory / experts[i].path, kind)) {
      files.push_back(experts[i].path + "/" + name);
    }
  }
  return files;
}

/// Whether `out` holds this very model; another one is not written over.
bool is_built(const fs::path& out, const RoutedModelManifest& manifest) {
  if (!is_file(out / "manifest.json")) return false;
  if (read_routed_model(out) == manifest) return true;
  fail(ExitCode::usage, {.where = "--out",
                         .found = out.string() + " holds another routed model",
                         .expected = "a new or empty directory",
                         .hint = "choose another --out, or remove it yourself"});
}

}  // namespace

void build_routed_model(const RoutedModelPlan& plan) {
  check_settings(plan);
  check_output_directory(plan.out, kKind);
  const RouterKind& kind = router_kind(plan.router, "--router");
  const T5Config config = read_t5_config(plan.model);
  RoutedModelManifest manifest{.base_path = plan.model.string(),
                               .base_fingerprint = base_fingerprint(plan.model),
                               .router = plan.router,
                               .selection = plan.selection,
                               .mix = plan.mix,
                               .encoder_name = {},
                               .encoder_fingerprint = {},
                               .experts = {}};
  for (const fs::path& path : plan.experts) {
    manifest.experts.push_back(examine(path, plan, config, manifest.base_fingerprint));
    if (kind.has_encoder) note_encoder(manifest, path / kind.prototypes, kind);
  }
  check_distinct(manifest.experts, plan.experts);
  enable_only(manifest, plan.enabled);
  check_single(manifest);
  if (is_built(plan.out, manifest)) {
    log_info(plan.out.string() + " is finished");
    return;
  }
  StagedDirectory staged(plan.out);
  const auto packed = plan.pack ? pack_experts(plan, manifest.experts, staged.path()) : std::vector<std::string>();
  write_routed_model(staged.path(), manifest, packed);
  staged.commit();
}

}  // namespace phatgoose
