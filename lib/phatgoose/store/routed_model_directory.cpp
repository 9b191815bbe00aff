#include "phatgoose/store/routed_model_directory.h"

#include <algorithm>
#include <set>

#include "phatgoose/base/error.h"
#include "phatgoose/base/nearest.h"
#include "phatgoose/base/option_values.h"
#include "phatgoose/store/adapter_files.h"
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

using Reference = RoutedModelManifest::ExpertReference;

Reference parse_expert(const Json& json, const std::string& name) {
  Reference expert{.name = name,
                   .path = json_get<std::string>(json, "path"),
                   .enabled = json_get<bool>(json, "enabled"),
                   .partial = json_get_or<bool>(json, "partial", false)};
  const Json files = json_get<Json>(json, "files");
  for (const auto& [file, hash] : files.items()) {
    expert.files[file] = in("files", [&, &file = file] { return json_get<std::string>(files, file); });
  }
  return expert;
}

/// What an expert of format 1 looks like in format 2. Its router read at most one file besides the adapter.
Json from_format_1(Json expert, const RouterKind& kind, const fs::path& directory) {
  const fs::path path = directory / json_get<std::string>(expert, "path");
  const auto needed = json_get<std::string>(expert, "prototypes_hash");
  Json& files = expert["files"];
  files[adapter_file_in(path).filename().string()] = json_get<std::string>(expert, "adapter_hash");
  if (!kind.needs.empty()) files[kind.needs.front().file] = needed;
  return expert;
}

void check_experts(const std::vector<Reference>& experts) {
  std::set<std::string> names;
  for (const Reference& expert : experts) {
    if (!names.insert(expert.name).second) refuse_here("the expert " + expert.name + " twice", "unique names");
  }
  if (std::ranges::none_of(experts, &Reference::enabled)) refuse_here("no expert that is enabled", "at least one");
}

void parse_router(const Json& router, RoutedModelManifest& manifest) {
  manifest.routing = RoutingSettings::of_manifest(router);
  const Json encoder = json_get<Json>(router, "encoder");
  if (encoder.is_null()) return;
  in("encoder", [&] {
    manifest.encoder_name = json_get<std::string>(encoder, "name");
    manifest.encoder_fingerprint = json_get<std::string>(encoder, "fingerprint");
  });
}

RoutedModelManifest parse_routed_model(const Manifest& stored, const fs::path& directory) {
  RoutedModelManifest manifest;
  const Json base = json_get<Json>(stored.body, "base"), router = json_get<Json>(stored.body, "router");
  in("base", [&] {
    manifest.base_path = json_get<std::string>(base, "path");
    manifest.base_fingerprint = json_get<std::string>(base, "fingerprint");
  });
  in("router", [&] { parse_router(router, manifest); });
  const RouterKind& kind = router_kind(manifest.routing.router, "router");
  const auto experts = json_get<std::vector<Json>>(stored.body, "experts");
  for (std::size_t i = 0; i < experts.size(); ++i) {
    const auto name = in("expert " + std::to_string(i), [&] { return json_get<std::string>(experts[i], "name"); });
    in("expert " + name, [&] {
      const Json expert = stored.format == 1 ? from_format_1(experts[i], kind, directory) : experts[i];
      manifest.experts.push_back(parse_expert(expert, name));
    });
  }
  check_experts(manifest.experts);
  return manifest;
}

}  // namespace

Reference& expert_called(RoutedModelManifest& manifest, const std::string& name, const std::string& option) {
  const auto found = std::ranges::find(manifest.experts, name, &Reference::name);
  if (found != manifest.experts.end()) return *found;
  std::vector<std::string> known;
  for (const Reference& expert : manifest.experts) known.push_back(expert.name);
  refuse_usage(option, "no expert is called \"" + name + "\"", "a name in this routed model",
               did_you_mean(name, known));
}

void enable_only(RoutedModelManifest& manifest, const std::vector<std::string>& enabled) {
  const std::vector<std::string> names = split_at_commas(enabled);
  if (names.empty()) return;
  for (Reference& expert : manifest.experts) expert.enabled = false;
  for (const std::string& name : names) expert_called(manifest, name, "--enabled").enabled = true;
}

void check_enabled(const RoutedModelManifest& manifest) {
  const auto enabled = std::ranges::count_if(manifest.experts, &Reference::enabled);
  const std::int64_t most = router_kind(manifest.routing.router, "router").most_experts;
  if (enabled > 0 && enabled <= most) return;
  refuse_usage("router " + manifest.routing.router, std::to_string(enabled) + " enabled experts",
               enabled == 0 ? "at least one" : "at most " + std::to_string(most) + ", named by --enabled");
}

void write_routed_model(const fs::path& directory, const RoutedModelManifest& manifest,
                        const std::vector<std::string>& packed_files) {
  Json body;
  body["base"] = {{"path", manifest.base_path}, {"fingerprint", manifest.base_fingerprint}};
  body["router"] = router_json(manifest);
  Json& experts = body["experts"] = Json::array();
  for (const auto& expert : manifest.experts) {
    experts.push_back(
        {{"name", expert.name}, {"path", expert.path}, {"files", expert.files}, {"enabled", expert.enabled}});
    if (expert.partial) experts.back()["partial"] = true;
  }
  write_manifest(directory, {.kind = kRoutedModelKind, .body = std::move(body)}, packed_files);
}

RoutedModelManifest read_routed_model(const fs::path& directory) {
  const auto stored = read_manifest(directory, kRoutedModelKind);
  if (!stored) {
    refuse(directory, fs::is_directory(directory) ? "no manifest.json" : "no such directory",
           "a routed model, as phatgoose build writes it");
  }
  return in(directory / "manifest.json", [&] { return parse_routed_model(*stored, directory); });
}

RoutedModelDirectory RoutedModelDirectory::open(const fs::path& path, const RoutingSettings& changes) {
  RoutedModelDirectory routed{path, read_routed_model(path)};
  RoutedModelManifest& manifest = routed.manifest;
  changes.check_fit(manifest.routing.router, path.string() + ", whose router", {});
  manifest.routing = manifest.routing.overridden_by(changes);
  manifest.routing.enabled.clear();  // stands with the experts
  manifest.routing.encoder.reset();
  manifest.routing.descriptions.reset();
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
