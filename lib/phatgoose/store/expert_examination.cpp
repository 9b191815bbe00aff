#include "phatgoose/store/expert_examination.h"

#include <algorithm>

#include "phatgoose/base/error.h"
#include "phatgoose/store/alike_experts.h"
#include "phatgoose/store/expert_name.h"
#include "phatgoose/store/router_kinds.h"
#include "phatgoose/store/stored_embeddings.h"

namespace phatgoose {
namespace {

using Reference = RoutedModelManifest::ExpertReference;

void check_name(const ExpertDirectory& expert) {
  if (is_expert_name(expert.name())) return;
  fail(ExitCode::bad_data, {.where = expert.path().string(),
                            .found = "an expert called \"" + expert.name() + "\"",
                            .expected = kExpertNameRule});
}

/// Where the file says which adapter it was made from, that must be the expert's.
void check_adapter(const ExpertDirectory& expert, const RouterKind& kind, const std::string& adapter_hash,
                   const std::string& base) {
  const SafetensorsFile file(expert.path() / kind.prototypes);
  const auto made_from = file.metadata().find("made_from");
  if (made_from == file.metadata().end()) return;
  const std::string where = (expert.path() / kind.prototypes).string();
  const auto adapter =
      in(where, [&] { return json_get_or<std::string>(parse_json(made_from->second), "adapter", adapter_hash); });
  if (adapter == adapter_hash) return;
  fail(ExitCode::bad_data, {.where = where,
                            .found = "made from another adapter (" + adapter + ")",
                            .expected = "one made from this adapter (" + adapter_hash + ")",
                            .hint = command_that_makes(kind, base, expert.path())});
}

/// Hash of the file that the router reads besides the adapter; empty where it reads none.
std::string prototypes_hash(const ExpertDirectory& expert, const RouterKind& kind, const std::string& adapter_hash,
                            const std::string& base) {
  if (kind.prototypes == nullptr) return {};
  if (!is_file(expert.path() / kind.prototypes)) {
    fail(ExitCode::bad_data, {.where = expert.path().string(),
                              .found = std::string("no ") + kind.prototypes,
                              .expected = std::string("what the router ") + kind.name + " needs of an expert",
                              .hint = command_that_makes(kind, base, expert.path())});
  }
  if (!kind.has_encoder) expert.vectors(kind.prototypes);
  check_adapter(expert, kind, adapter_hash, base);
  return expert.file_hash(kind.prototypes);
}

void note_encoder(RoutedModelManifest& manifest, const ExpertDirectory& expert, const RouterKind& kind) {
  const fs::path file = expert.path() / kind.prototypes;
  const StoredEmbeddings stored = read_embeddings(file);
  if (manifest.encoder_fingerprint.empty()) {
    manifest.encoder_name = stored.encoder_name;
    manifest.encoder_fingerprint = stored.encoder_fingerprint;
  }
  if (manifest.encoder_fingerprint == stored.encoder_fingerprint) return;
  fail(ExitCode::bad_data, {.where = file.string(),
                            .found = "embeddings of the encoder " + stored.encoder_name,
                            .expected = "those of " + manifest.encoder_name + ", as for the experts before it",
                            .hint = command_that_makes(kind, manifest.base_path, expert.path())});
}

}  // namespace

Reference examine_expert(const NamedDirectory& directory, const T5Config& config, RoutedModelManifest& manifest,
                         bool allow_partial) {
  const RouterKind& kind = router_kind(manifest.router, "--router");
  const ExpertDirectory expert = ExpertDirectory::open(directory);
  check_name(expert);
  expert.check_base(config, manifest.base_fingerprint, allow_partial);
  const std::string adapter_hash = expert.adapter_hash();
  Reference reference{.name = expert.name(),
                      .path = {},
                      .adapter_hash = adapter_hash,
                      .prototypes_hash = prototypes_hash(expert, kind, adapter_hash, manifest.base_path),
                      .enabled = true,
                      .partial = !expert.missing(config).empty()};
  if (kind.has_encoder) note_encoder(manifest, expert, kind);
  return reference;
}

void add_expert(RoutedModelManifest& manifest, Reference expert, const fs::path& source) {
  const auto same = std::ranges::find(manifest.experts, expert.name, &Reference::name);
  if (same != manifest.experts.end()) {
    fail(ExitCode::bad_data, {.where = source.string(),
                              .found = "an expert called " + expert.name + ", the name of " + same->path,
                              .expected = "unique names",
                              .hint = "an expert without a manifest is named after its directory"});
  }
  manifest.experts.push_back(std::move(expert));
}

void check_factors(const RoutedModelManifest& manifest, const std::vector<fs::path>& paths) {
  if (manifest.router != "merged-factors" && manifest.mix != Mix::parameters) return;
  std::vector<ExpertDirectory> enabled;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    if (manifest.experts[i].enabled) enabled.push_back(ExpertDirectory::open(paths[i], /*check_values=*/false));
  }
  check_alike(enabled);
}

std::string relative_path(const fs::path& expert, const fs::path& directory) {
  std::error_code error;
  // Absolute first: the standard library finds no way to a relative path of which nothing is there yet.
  const fs::path path = fs::relative(fs::absolute(expert), fs::absolute(directory), error);
  if (error) fail(ExitCode::cannot_finish, {.where = expert.string(), .found = "no path to it: " + error.message()});
  return path.string();
}

std::vector<fs::path> experts_in(const fs::path& library) {
  std::vector<fs::path> experts;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(library, error)) {
    if (is_file(entry.path() / "adapter_config.json")) experts.push_back(entry.path());
  }
  if (experts.empty()) {
    fail(ExitCode::bad_data, {.where = library.string(),
                              .found = error ? error.message() : "no expert",
                              .expected = "a library: a directory of expert directories"});
  }
  std::ranges::sort(experts);
  return experts;
}

}  // namespace phatgoose
