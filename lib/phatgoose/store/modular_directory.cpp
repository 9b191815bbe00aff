#include "phatgoose/store/modular_directory.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "phatgoose/base/error.h"
#include "phatgoose/base/log.h"
#include "phatgoose/base/shell.h"
#include "phatgoose/store/adapter_files.h"
#include "phatgoose/store/float_values.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/modular_manifest.h"
#include "phatgoose/store/peft_settings.h"

namespace phatgoose {
namespace {

constexpr const char* kExpected = "a modular adapter, or a directory of PEFT's Poly";

[[noreturn]] void refuse_plain_lora(const fs::path& directory) {
  refuse(directory, "an expert: one LoRA, without tasks or skills", kExpected, "an expert belongs to --expert");
}

[[noreturn]] void refuse_kind(const fs::path& directory, const std::string& kind) {
  if (kind == kExpertKind) refuse_plain_lora(directory);
  refuse(directory, "a directory of kind " + kind, kExpected,
         kind == kRoutedModelKind ? "a routed model belongs to --routed"
         : kind == kModelKind     ? "a model belongs to --model"
                                  : "");
}

/// Refuses a directory that does not say that it holds a modular adapter, with what it may be instead; another kind of
/// PEFT's adapters is left to whoever reads the configuration.
void check_kind(const fs::path& directory) {
  if (const auto manifest = read_manifest(directory)) refuse_kind(directory, manifest->kind);
  if (is_file(directory / kLeavesFile) && !is_file(directory / "run.json")) {
    refuse(directory, std::string("no manifest.json, which says what is in ") + kLeavesFile, kExpected,
           "copy all files of the adapter");
  }
  if (!is_file(directory / kPeftConfigFile)) refuse_without(kPeftConfigFile, directory, kExpected);
  if (peft_type_of(directory) == "LORA") refuse_plain_lora(directory);
}

/// The manifest, which says `said` of `key`, and the configuration, which has `found`, must say the same.
template <typename T>
void check_same(const char* key, const T& said, const T& found) {
  if (said != found) refuse_here(fmt::format("{} {}", key, said), fmt::format("{}, as {}", found, kPeftConfigFile));
}

void check_agreement(const ModularManifest& manifest, const ModularFiles& files) {
  const ModularShape &said = manifest.shape, &found = files.shape;
  check_same<std::string>("method", name_of(said.method), name_of(found.method));
  check_same("rank", said.rank, found.rank);
  check_same("skills", said.skills, found.skills);
  check_same("splits", said.splits, found.splits);
  check_same("number of tasks", static_cast<std::int64_t>(manifest.tasks.size()), files.tasks);
}

ModularFiles read_files(const fs::path& directory, const std::optional<ModularManifest>& manifest, bool check_values) {
  if (manifest && has_leaves(manifest->shape.method)) {
    return read_leaf_files(directory, manifest->shape, static_cast<std::int64_t>(manifest->tasks.size()), check_values);
  }
  ModularFiles files = read_poly_files(directory, check_values);
  if (manifest) in(directory / "manifest.json", [&] { check_agreement(*manifest, files); });
  return files;
}

}  // namespace

bool is_modular_directory(const fs::path& directory) {
  if (is_file(directory / "manifest.json")) return is_of_kind(directory, kModularKind);
  return peft_type_of(directory) == "POLY";
}

void refuse_modular(const fs::path& directory) {
  const auto manifest = read_modular_manifest(directory);
  const bool by_task = !manifest || has_routing(manifest->shape.method);
  refuse(directory, "a modular adapter" + std::string(by_task ? ", whose LoRA is another for each task" : ""),
         "an expert, which is one LoRA",
         fmt::format("`phatgoose export-expert --model DIR --from {}{} --out DIR` writes {} LoRA",
                     shell_word(directory), by_task ? " --task NAME" : "", by_task ? "a task's" : "its"));
}

ModularDirectory ModularDirectory::open(const fs::path& directory, bool check_values) {
  if (!is_modular_directory(directory)) check_kind(directory);
  const auto manifest = read_modular_manifest(directory);
  ModularDirectory opened;
  opened.path_ = directory;
  opened.stored_ = read_files(directory, manifest, check_values);
  if (manifest) {
    opened.name_ = manifest->name;
    opened.tasks_ = manifest->tasks;
    opened.base_fingerprint_ = manifest->base_fingerprint;
  } else {
    opened.name_ = full_path(directory).filename();
    for (std::int64_t task = 0; task < opened.stored_.tasks; ++task) opened.tasks_.push_back(std::to_string(task));
  }
  if (check_values) opened.say_oddities();
  return opened;
}

void ModularDirectory::say_oddities() const {
  if (stored_.config) say_unknown_settings(path_, stored_.config->unknown_settings());
  const bool changes_nothing = std::ranges::all_of(
      entries(), [](const auto& entry) { return all_zero(entry.second.b) || all_zero(entry.second.a); });
  if (changes_nothing) log_info(path_.string() + ": the adapter changes nothing: all its updates are zero");
}

std::optional<std::int64_t> ModularDirectory::task_number(const std::string& task) const {
  const auto found = std::ranges::find(tasks_, task);
  if (found == tasks_.end()) return std::nullopt;
  return found - tasks_.begin();
}

std::string ModularDirectory::hash() const { return content_hash_of_file(stored_.path); }

}  // namespace phatgoose
