#include "phatgoose/store/routed_model_directory.h"

#include <algorithm>
#include <set>

#include "phatgoose/base/error.h"
#include "phatgoose/base/nearest.h"
#include "phatgoose/base/option_values.h"
#include "phatgoose/store/manifest.h"

namespace phatgoose {
namespace {

Json router_json(const RoutedModelManifest& manifest) {
  Json json = manifest.routing.manifest();
  Json& encoder = json["encoder"];
  if (!manifest.encoder_fingerprint.empty()) {
    encoder = {{"name", manifest.encoder_name}, {"fingerprint", manifest.encoder_fingerprint}};
  }
  return json;
}

RoutedModelManifest::ExpertReference parse_expert(const Json& json, const std::string& name, const std::string& where) {
  return {.name = name,
          .path = json_get<std::string>(json, "path", where),
          .adapter_hash = json_get<std::string>(json, "adapter_hash", where),
          .prototypes_hash = json_get<std::string>(json, "prototypes_hash", where),
          .enabled = json_get<bool>(json, "enabled", where),
          .partial = json_get_or<bool>(json, "partial", false, where)};
}

void check_experts(const std::vector<RoutedModelManifest::ExpertReference>& experts, const std::string& where) {
  std::set<std::string> names;
  for (const auto& expert : experts) {
    if (!names.insert(expert.name).second) refuse(where, "the expert " + expert.name + " twice", "unique names");
  }
  const bool any = std::any_of(experts.begin(), experts.end(), [](const auto& expert) { return expert.enabled; });
  if (!any) refuse(where, "no expert that is enabled", "at least one");
}

}  // namespace

void enable_only(RoutedModelManifest& manifest, const std::vector<std::string>& enabled) {
  const std::vector<std::string> names = split_at_commas(enabled);
  if (names.empty()) return;
  std::vector<std::string> known;
  for (auto& expert : manifest.experts) {
    known.push_back(expert.name);
    expert.enabled = std::ranges::find(names, expert.name) != names.end();
  }
  for (const std::string& name : names) {
    if (std::ranges::find(known, name) != known.end()) continue;
    fail(ExitCode::usage, {.where = "--enabled",
                           .found = "no expert is called \"" + name + "\"",
                           .expected = "names of the given experts",
                           .hint = did_you_mean(name, known)});
  }
}

void check_enabled(const RoutedModelManifest& manifest) {
  const auto enabled = std::ranges::count_if(manifest.experts, &RoutedModelManifest::ExpertReference::enabled);
  const bool single = manifest.routing.router == "single";
  if (enabled > 0 && (!single || enabled == 1)) return;
  fail(ExitCode::usage,
       {.where = "router " + manifest.routing.router,
        .found = std::to_string(enabled) + " enabled experts",
        .expected = single ? "one for the router single, named by --enabled" : "at least one"});
}

void write_routed_model(const fs::path& directory, const RoutedModelManifest& manifest,
                        const std::vector<std::string>& packed_files) {
  Json body;
  body["base"] = {{"path", manifest.base_path}, {"fingerprint", manifest.base_fingerprint}};
  body["router"] = router_json(manifest);
  Json& experts = body["experts"] = Json::array();
  for (const auto& expert : manifest.experts) {
    experts.push_back({{"name", expert.name},
                       {"path", expert.path},
                       {"adapter_hash", expert.adapter_hash},
                       {"prototypes_hash", expert.prototypes_hash},
                       {"enabled", expert.enabled}});
    if (expert.partial) experts.back()["partial"] = true;
  }
  write_manifest(directory, {.kind = kRoutedModelKind, .body = std::move(body)}, packed_files);
}

RoutedModelManifest read_routed_model(const fs::path& directory) {
  const auto stored = read_manifest(directory, kRoutedModelKind);
  if (!stored) {
    refuse(directory.string(), fs::is_directory(directory) ? "no manifest.json" : "no such directory",
           "a routed model, as phatgoose build writes it");
  }
  const std::string where = (directory / "manifest.json").string();
  RoutedModelManifest manifest;
  const Json base = json_get<Json>(stored->body, "base", where);
  manifest.base_path = json_get<std::string>(base, "path", where + ": base");
  manifest.base_fingerprint = json_get<std::string>(base, "fingerprint", where + ": base");
  const Json router = json_get<Json>(stored->body, "router", where);
  manifest.routing = RoutingSettings::of_manifest(router, where + ": router");
  if (const Json encoder = json_get<Json>(router, "encoder", where + ": router"); !encoder.is_null()) {
    manifest.encoder_name = json_get<std::string>(encoder, "name", where + ": router: encoder");
    manifest.encoder_fingerprint = json_get<std::string>(encoder, "fingerprint", where + ": router: encoder");
  }
  const auto experts = json_get<std::vector<Json>>(stored->body, "experts", where);
  for (std::size_t i = 0; i < experts.size(); ++i) {
    const auto name = json_get<std::string>(experts[i], "name", where + ": expert " + std::to_string(i));
    manifest.experts.push_back(parse_expert(experts[i], name, where + ": expert " + name));
  }
  check_experts(manifest.experts, where);
  return manifest;
}

RoutedModelDirectory RoutedModelDirectory::open(const fs::path& path, const RoutingSettings& changes) {
  RoutedModelDirectory routed{path, read_routed_model(path)};
  RoutedModelManifest& manifest = routed.manifest;
  changes.check_fit(manifest.routing.router, path.string() + ", whose router", {});
  manifest.routing = manifest.routing.overridden_by(changes);
  manifest.routing.enabled.clear();  // stands with the experts
  manifest.routing.encoder.reset();
  enable_only(manifest, changes.enabled);
  check_enabled(manifest);
  return routed;
}

void RoutedModelDirectory::check_base(const std::string& fingerprint) const {
  if (manifest.base_fingerprint == fingerprint) return;
  refuse(path.string(), "base model " + fingerprint, manifest.base_fingerprint + ", the one it was built for",
         "that was " + manifest.base_path);
}

std::vector<std::string> RoutedModelDirectory::enabled_experts() const {
  std::vector<std::string> names;
  for (const auto& expert : manifest.experts) {
    if (expert.enabled) names.push_back(expert.name);
  }
  return names;
}

bool RoutedModelDirectory::same_but_for_selection(const RoutedModelDirectory& other) const {
  RoutedModelManifest alike = manifest;
  alike.routing = other.manifest.routing;
  return path == other.path && alike == other.manifest &&
         manifest.routing.same_but_for_selection(other.manifest.routing);
}

}  // namespace phatgoose
