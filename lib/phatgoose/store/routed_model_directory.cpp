#include "phatgoose/store/routed_model_directory.h"

#include <algorithm>
#include <set>

#include "phatgoose/base/error.h"
#include "phatgoose/base/nearest.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/router_kinds.h"

namespace phatgoose {
namespace {

/// A mistake in settings that stand in the file `source`, or are `options` of a command.
[[noreturn]] void refuse_settings(const std::string& source, const std::string& options, const std::string& found,
                                  const std::string& expected, const std::string& hint = {}) {
  fail(source.empty() ? ExitCode::usage : ExitCode::bad_data,
       {.where = source.empty() ? options : source, .found = found, .expected = expected, .hint = hint});
}

Json router_json(const RoutedModelManifest& manifest) {
  const SelectionSettings& selection = manifest.selection;
  return {{"name", manifest.router},
          {"k", selection.k},
          {"top_p", selection.top_p ? Json(*selection.top_p) : Json(nullptr)},
          {"temperature", selection.temperature},
          {"renorm_eps", selection.renorm_eps},
          {"mix", name_of(manifest.mix)},
          {"encoder", manifest.encoder_fingerprint.empty()
                          ? Json(nullptr)
                          : Json{{"name", manifest.encoder_name}, {"fingerprint", manifest.encoder_fingerprint}}}};
}

Mix parse_mix(const Json& router, const std::string& where) {
  const auto name = json_get<std::string>(router, "mix", where);
  for (const Mix mix : {Mix::outputs, Mix::parameters}) {
    if (name == name_of(mix)) return mix;
  }
  refuse(where, "mix \"" + name + "\"", "outputs or parameters");
}

SelectionSettings parse_selection(const Json& router, const std::string& where) {
  SelectionSettings selection;
  selection.k = json_get<std::int64_t>(router, "k", where);
  selection.temperature = json_get<double>(router, "temperature", where);
  selection.renorm_eps = json_get<double>(router, "renorm_eps", where);
  if (const Json top_p = json_get_or<Json>(router, "top_p", nullptr, where); !top_p.is_null()) {
    selection.top_p = json_get<double>(router, "top_p", where);
    if (!(*selection.top_p > 0 && *selection.top_p <= 1)) refuse(where, "top_p " + top_p.dump(), "0 < top_p <= 1");
  }
  if (selection.k < 1) refuse(where, "k " + std::to_string(selection.k), "at least 1");
  if (!(selection.temperature > 0)) refuse(where, "temperature " + router["temperature"].dump(), "more than 0");
  if (!(selection.renorm_eps >= 0)) refuse(where, "renorm_eps " + router["renorm_eps"].dump(), "0 or more");
  return selection;
}

RoutedModelManifest::ExpertReference parse_expert(const Json& json, const std::string& name, const std::string& where) {
  RoutedModelManifest::ExpertReference expert{.name = name,
                                              .path = json_get<std::string>(json, "path", where),
                                              .enabled = json_get<bool>(json, "enabled", where),
                                              .partial = json_get_or<bool>(json, "partial", false, where)};
  const Json files = json_get<Json>(json, "files", where);
  for (const auto& [file, hash] : files.items()) {
    expert.files[file] = json_get<std::string>(files, file, where + ": files");
  }
  return expert;
}

/// What an expert of format 1 looks like in format 2. Its router read at most one file besides the adapter.
Json from_format_1(Json expert, const RouterKind& kind, const fs::path& directory, const std::string& where) {
  const fs::path path = directory / json_get<std::string>(expert, "path", where);
  const auto needed = json_get<std::string>(expert, "prototypes_hash", where);
  Json& files = expert["files"];
  files[adapter_file_in(path).filename().string()] = json_get<std::string>(expert, "adapter_hash", where);
  if (!kind.needs.empty()) files[kind.needs.front().file] = needed;
  return expert;
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

const char* name_of(Mix mix) { return mix == Mix::outputs ? "outputs" : "parameters"; }

void enable_only(RoutedModelManifest& manifest, const std::vector<std::string>& names, const std::string& source) {
  if (names.empty()) return;
  std::vector<std::string> known;
  for (auto& expert : manifest.experts) {
    known.push_back(expert.name);
    expert.enabled = std::ranges::find(names, expert.name) != names.end();
  }
  for (const std::string& name : names) {
    if (std::ranges::find(known, name) != known.end()) continue;
    refuse_settings(source, "--enabled", "no expert is called \"" + name + "\"", "names of the given experts",
                    did_you_mean(name, known));
  }
}

void check_enabled(const RoutedModelManifest& manifest, const std::string& source) {
  const auto enabled = std::ranges::count_if(manifest.experts, &RoutedModelManifest::ExpertReference::enabled);
  const std::int64_t most = router_kind(manifest.router, "router").most_experts;
  if (enabled > 0 && enabled <= most) return;
  refuse_settings(source, "router " + manifest.router, std::to_string(enabled) + " enabled experts",
                  enabled == 0 ? "at least one" : "at most " + std::to_string(most) + ", named by --enabled");
}

RoutedModelManifest changed(RoutedModelManifest manifest, const RoutingChanges& changes, const std::string& where) {
  const bool selects = router_kind(manifest.router, where).selects();
  if (!selects && (changes.k || changes.top_p || changes.temperature)) {
    refuse_settings(changes.source, "--k, --top-p, --temperature",
                    where + ", whose router " + manifest.router + " selects nothing", "a routed model that takes them");
  }
  if (changes.k && changes.top_p) {
    refuse_settings(changes.source, "--k, --top-p", "both", "one of them: top-p takes the place of k");
  }
  if (changes.k) manifest.selection.k = *changes.k;
  if (changes.k) manifest.selection.top_p.reset();  // which would go before k
  if (changes.top_p) manifest.selection.top_p = changes.top_p;
  if (changes.temperature) manifest.selection.temperature = *changes.temperature;
  enable_only(manifest, changes.enabled, changes.source);
  check_enabled(manifest, changes.source);
  return manifest;
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
    refuse(directory.string(), fs::is_directory(directory) ? "no manifest.json" : "no such directory",
           "a routed model, as phatgoose build writes it");
  }
  const std::string where = (directory / "manifest.json").string();
  RoutedModelManifest manifest;
  const Json base = json_get<Json>(stored->body, "base", where);
  manifest.base_path = json_get<std::string>(base, "path", where + ": base");
  manifest.base_fingerprint = json_get<std::string>(base, "fingerprint", where + ": base");
  const Json router = json_get<Json>(stored->body, "router", where);
  manifest.router = json_get<std::string>(router, "name", where + ": router");
  const RouterKind& kind = router_kind(manifest.router, where + ": router");
  manifest.selection = parse_selection(router, where + ": router");
  manifest.mix = parse_mix(router, where + ": router");
  if (const Json encoder = json_get<Json>(router, "encoder", where + ": router"); !encoder.is_null()) {
    manifest.encoder_name = json_get<std::string>(encoder, "name", where + ": router: encoder");
    manifest.encoder_fingerprint = json_get<std::string>(encoder, "fingerprint", where + ": router: encoder");
  }
  const auto experts = json_get<std::vector<Json>>(stored->body, "experts", where);
  for (std::size_t i = 0; i < experts.size(); ++i) {
    const auto name = json_get<std::string>(experts[i], "name", where + ": expert " + std::to_string(i));
    const std::string place = where + ": expert " + name;
    const Json expert = stored->format == 1 ? from_format_1(experts[i], kind, directory, place) : experts[i];
    manifest.experts.push_back(parse_expert(expert, name, place));
  }
  check_experts(manifest.experts, where);
  return manifest;
}

}  // namespace phatgoose
