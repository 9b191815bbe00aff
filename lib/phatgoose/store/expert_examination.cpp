#include "phatgoose/store/expert_examination.h"

#include <algorithm>

#include "phatgoose/base/error.h"
#include "phatgoose/store/made_from.h"
#include "phatgoose/store/router_kinds.h"
#include "phatgoose/store/stored_embeddings.h"

namespace phatgoose {
namespace {

using Reference = RoutedModelManifest::ExpertReference;

void check_name(const ExpertDirectory& expert) {
  if (is_expert_name(expert.name())) return;
  refuse(expert.path().string(), "an expert called \"" + expert.name() + "\"", kExpertNameRule);
}

/// All embeddings of a routed model are by one encoder: the first expert's.
void note_encoder(RoutedModelManifest& manifest, const StoredEmbeddings& stored, const fs::path& file,
                  const std::string& remedy) {
  if (manifest.encoder_fingerprint.empty()) {
    manifest.encoder_name = stored.encoder_name;
    manifest.encoder_fingerprint = stored.encoder_fingerprint;
  }
  if (manifest.encoder_fingerprint == stored.encoder_fingerprint) return;
  refuse(file, "embeddings of the encoder " + stored.encoder_name,
         "those of " + manifest.encoder_name + ", as for the experts before it", remedy);
}

void check_need(const ExpertNeed& need, const ExpertDirectory& expert, const std::string& adapter_hash,
                RoutedModelManifest& manifest) {
  const fs::path file = expert.path() / need.file;
  const std::string remedy =
      command_that_makes(router_kind(manifest.routing.router, "--router"), need, manifest.base_path, expert.path());
  if (need.form == ExpertNeed::Form::vectors) expert.vectors(need.file);
  check_made_from_adapter(file, adapter_hash, remedy);
  if (need.form == ExpertNeed::Form::embeddings) note_encoder(manifest, read_embeddings(file, remedy), file, remedy);
}

}  // namespace

std::vector<std::string> files_read(const ExpertDirectory& expert, const RoutedModelManifest& manifest) {
  const RouterKind& kind = router_kind(manifest.routing.router, "router");
  std::vector<std::string> files = {expert.adapter_file().filename()};
  for (const ExpertNeed& need : kind.needs) {
    files.push_back(needed_file(kind, need, manifest.base_path, expert.path()).filename());
  }
  return files;
}

Reference examine_expert(const NamedDirectory& directory, const T5Config& config, RoutedModelManifest& manifest,
                         bool allow_partial) {
  const ExpertDirectory expert = ExpertDirectory::open(directory);
  check_name(expert);
  expert.check_base(config, manifest.base_fingerprint, allow_partial);
  Reference reference{.name = expert.name(), .partial = !expert.missing(config).empty()};
  for (const std::string& file : files_read(expert, manifest)) reference.files[file] = expert.file_hash(file);
  const std::string& adapter_hash = reference.files.at(expert.adapter_file().filename());
  for (const ExpertNeed& need : router_kind(manifest.routing.router, "--router").needs) {
    check_need(need, expert, adapter_hash, manifest);
  }
  return reference;
}

void check_unchanged(const ExpertDirectory& expert, const Reference& reference, const RoutedModelManifest& manifest) {
  for (const std::string& file : files_read(expert, manifest)) {
    const auto expected = reference.files.find(file);
    const std::string found = expert.file_hash(file);
    if (expected != reference.files.end() && expected->second == found) continue;
    refuse(expert.path(), file + " with hash " + found,
           expected == reference.files.end() ? "a file that the routed model lists" : expected->second,
           "the expert has changed since the routed model was built; build it again");
  }
}

void add_expert(RoutedModelManifest& manifest, Reference expert, const fs::path& source) {
  const auto same = std::ranges::find(manifest.experts, expert.name, &Reference::name);
  if (same != manifest.experts.end()) {
    refuse(source.string(), "an expert called " + expert.name + ", the name of " + same->path, "unique names",
           "an expert without a manifest is named after its directory");
  }
  manifest.experts.push_back(std::move(expert));
}

void check_factors(const RoutedModelManifest& manifest, const std::vector<fs::path>& paths) {
  const bool merged = router_kind(manifest.routing.router, "router").mixing == RouterKind::Mixing::merged_factors;
  if (!merged && manifest.routing.mixing() != Mix::parameters) return;
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
    refuse(library.string(), error ? error.message() : "no expert", "a library: a directory of expert directories");
  }
  std::ranges::sort(experts);
  return experts;
}

}  // namespace phatgoose
