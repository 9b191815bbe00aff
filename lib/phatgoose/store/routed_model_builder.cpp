#include "phatgoose/store/routed_model_builder.h"

#include <algorithm>
#include <map>

#include "phatgoose/base/error.h"
#include "phatgoose/base/log.h"
#include "phatgoose/base/nearest.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/staged_directory.h"

namespace phatgoose {
namespace {

constexpr const char* kKind = "routed-model";
constexpr const char* kPackedFolder = "experts";

using Reference = RoutedModelManifest::ExpertReference;

/// A name is a folder of a packed model, an entry of --enabled and a column of tables.
void check_name(const ExpertDirectory& expert) {
  const std::string& name = expert.name();
  const bool usable = !name.empty() && name != "." && name != ".." && name.find_first_of("/,\n\t") == std::string::npos;
  if (usable) return;
  fail(ExitCode::bad_data, {.where = expert.path().string(),
                            .found = "an expert called \"" + name + "\"",
                            .expected = "a name without slash, comma, tab and line break"});
}

std::string relative_path(const fs::path& expert, const fs::path& out) {
  std::error_code error;
  const fs::path path = fs::relative(expert, out, error);
  if (error) fail(ExitCode::cannot_finish, {.where = expert.string(), .found = "no path to it: " + error.message()});
  return path.string();
}

Reference examine(const fs::path& path, const RoutedModelPlan& plan, const T5Config& config,
                  const std::string& fingerprint) {
  const ExpertDirectory expert = ExpertDirectory::open(path);
  check_name(expert);
  expert.check_base(config, fingerprint);
  if (!expert.has_gate()) {
    fail(ExitCode::bad_data, {.where = path.string(),
                              .found = "an expert without a gate",
                              .expected = "gate.safetensors",
                              .hint = "make it with phatgoose train-gate --expert " + path.string()});
  }
  const std::string place =
      plan.pack ? std::string(kPackedFolder) + "/" + expert.name() : relative_path(path, plan.out);
  return {expert.name(), place, expert.adapter_hash(), expert.gate_hash(), true};
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

void enable_only(std::vector<Reference>& experts, const std::vector<std::string>& names) {
  if (names.empty()) return;
  std::vector<std::string> known;
  for (Reference& expert : experts) {
    known.push_back(expert.name);
    expert.enabled = std::find(names.begin(), names.end(), expert.name) != names.end();
  }
  for (const std::string& name : names) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    fail(ExitCode::usage, {.where = "--enabled",
                           .found = "no expert is called \"" + name + "\"",
                           .expected = "names of the given experts",
                           .hint = did_you_mean(name, known)});
  }
}

void copy_whole(const fs::path& from, const fs::path& to) {
  const MappedFile source(from);
  AtomicFile target(to);
  target.write(source.bytes().data(), source.bytes().size());
  target.commit();
}

/// Copies what an expert needs; its manifest, where it has one, lists the copies only. Returns their names.
std::vector<std::string> pack_expert(const fs::path& from, const fs::path& to) {
  const ExpertDirectory expert = ExpertDirectory::open(from, /*check_values=*/false);
  std::vector<std::string> names = {"adapter_config.json", expert.adapter_file().filename().string(),
                                    "gate.safetensors"};
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
  std::vector<std::string> files;
  for (std::size_t i = 0; i < experts.size(); ++i) {
    for (const std::string& name : pack_expert(plan.experts[i], directory / experts[i].path)) {
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
  check_output_directory(plan.out, kKind);
  const T5Config config = read_t5_config(plan.model);
  RoutedModelManifest manifest{.base_path = plan.model.string(),
                               .base_fingerprint = base_fingerprint(plan.model),
                               .router = plan.router,
                               .selection = plan.selection,
                               .experts = {}};
  for (const fs::path& path : plan.experts) {
    manifest.experts.push_back(examine(path, plan, config, manifest.base_fingerprint));
  }
  check_distinct(manifest.experts, plan.experts);
  enable_only(manifest.experts, plan.enabled);
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
