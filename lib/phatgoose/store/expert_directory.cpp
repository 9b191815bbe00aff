#include "phatgoose/store/expert_directory.h"

#include <algorithm>
#include <string_view>

#include "phatgoose/base/error.h"
#include "phatgoose/base/log.h"
#include "phatgoose/store/adapter_files.h"
#include "phatgoose/store/factor_names.h"
#include "phatgoose/store/float_values.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/modular_directory.h"
#include "phatgoose/store/peft_config.h"
#include "phatgoose/store/peft_settings.h"
#include "phatgoose/store/safetensors.h"

namespace phatgoose {
namespace {

constexpr const char* kGateFile = "gate.safetensors";

/// The two factors of one linear while they are collected.
struct Pair {
  const TensorView* a = nullptr;
  const TensorView* b = nullptr;
};

/// What the file holds, by the path of the linear.
struct Factors {
  std::map<std::string, Pair> pairs;
  std::string model_path;  ///< as in FactorName
};

Factors collect_factors(const TensorArchive& file, bool check_values) {
  Factors factors;
  std::optional<FactorName> first;
  for (const auto& [name, view] : file.tensors()) {
    const auto factor = parse_factor_name(name);
    if (!factor) refuse(file.where(name), "a tensor that is not a LoRA factor", "only lora_A and lora_B weights");
    check_tensor(file, name, 2, check_values);
    if (!first) first = factor;
    check_same_adapter(*first, *factor, file.where(name));
    Pair& pair = factors.pairs[factor->path];
    const TensorView*& place = factor->is_a ? pair.a : pair.b;
    if (place != nullptr) refuse(file.where(name), "a factor that is stored twice", "one of each");
    place = &view;
  }
  if (first) factors.model_path = first->model_path;
  return factors;
}

/// `module` is the linear's path within the model that PEFT adapted; `where` names both factors.
LoraEntry make_entry(const std::string& module, const Pair& pair, const PeftConfig& config, const std::string& where) {
  if (pair.a == nullptr || pair.b == nullptr) {
    refuse(where, std::string("no ") + (pair.a == nullptr ? "lora_A" : "lora_B"), "both factors");
  }
  const std::int64_t rank = pair.a->shape[0];
  if (pair.b->shape[1] != rank) {
    refuse(where, "lora_A " + to_string(pair.a->shape) + " and lora_B " + to_string(pair.b->shape), "one rank");
  }
  config.targets().check_adapted(module, where);
  if (config.rank_of(module) != rank) {
    refuse(where, "rank " + std::to_string(rank), std::to_string(config.rank_of(module)) + " by " + kPeftConfigFile);
  }
  return {rank, config.scale_of(module), *pair.a, *pair.b};
}

LoraMap make_entries(const Factors& factors, const PeftConfig& config, const TensorArchive& file) {
  LoraMap loras;
  for (const auto& [path, pair] : factors.pairs) {
    loras.emplace(path, make_entry(factors.model_path + path, pair, config, file.where(path)));
  }
  return loras;
}

bool changes_nothing(const LoraMap& loras) {
  return std::ranges::all_of(loras, [](const auto& entry) {
    const LoraEntry& lora = entry.second;
    return lora.scale == 0 || all_zero(lora.b) || all_zero(lora.a);
  });
}

void check_vectors(const TensorArchive& file, const LoraMap& loras, bool check_values) {
  for (const auto& [name, view] : file.tensors()) {
    check_tensor(file, name, 1, check_values);
    if (view.dtype != DType::f32) refuse(file.where(name), name_of(view.dtype), "F32");
    const auto lora = loras.find(name);
    if (lora == loras.end()) refuse(file.where(name), "a vector without a LoRA", "one for each adapted linear");
    if (view.shape[0] != lora->second.a.shape[1]) {
      refuse(file.where(name), "shape " + to_string(view.shape), to_string(Shape{lora->second.a.shape[1]}),
             "the vector is as long as the input of its linear");
    }
  }
  for (const auto& [path, lora] : loras) {
    if (!file.contains(path))
      refuse(file.where(path), "no vector", "one for each adapted linear", "make the file again");
  }
}

}  // namespace

ExpertDirectory ExpertDirectory::open(const NamedDirectory& directory, bool check_values) {
  ExpertDirectory expert = open(directory.path, check_values);
  if (!directory.name.empty()) expert.name_ = directory.name;
  return expert;
}

ExpertDirectory ExpertDirectory::open(const fs::path& directory, bool check_values) {
  if (is_modular_directory(directory)) refuse_modular(directory);
  ExpertDirectory expert;
  expert.path_ = directory;
  expert.name_ = full_path(directory).filename();
  if (const auto manifest = read_manifest(directory, kExpertKind)) {
    in(directory / "manifest.json", [&] {
      expert.name_ = json_get<std::string>(manifest->body, "name");
      const Json base = json_get<Json>(manifest->body, "base");
      expert.base_fingerprint_ = in("base", [&] { return json_get<std::string>(base, "fingerprint"); });
    });
  }
  const fs::path config_path = directory / kPeftConfigFile;
  if (!is_file(config_path)) {
    refuse_without(kPeftConfigFile, directory, "an expert or a PEFT LoRA directory, with adapter_config.json");
  }
  expert.config_ = read_json(config_path, [](const Json& json) { return std::make_shared<PeftConfig>(json); });
  expert.adapter_path_ = adapter_file_in(directory);
  expert.adapter_file_ = open_archive(expert.adapter_path_);
  const Factors factors = collect_factors(*expert.adapter_file_, check_values);
  if (factors.pairs.empty()) refuse(expert.adapter_path_.string(), "no tensors", "lora_A and lora_B of some linear");
  expert.model_path_ = factors.model_path;
  expert.loras_ = make_entries(factors, *expert.config_, *expert.adapter_file_);
  expert.gates_ = expert.vectors(kGateFile, check_values);
  expert.speaks_ = check_values;
  if (check_values) expert.say_oddities();
  return expert;
}

void ExpertDirectory::say_oddities() const {
  say_unknown_settings(path_, config_->unknown_settings());
  if (changes_nothing(loras_)) log_info(path_.string() + ": the expert changes nothing: all its updates are zero");
}

LinearVectors ExpertDirectory::vectors(const std::string& file, bool check_values) const {
  if (!is_file(path_ / file)) return {};
  const auto opened = std::make_shared<SafetensorsFile>(path_ / file);
  check_vectors(*opened, loras_, check_values);
  return {opened->tensors(), opened->metadata(), opened};
}

std::string ExpertDirectory::adapter_hash() const { return content_hash_of_file(adapter_path_); }

std::string ExpertDirectory::gate_hash() const { return has_gate() ? file_hash(kGateFile) : std::string(); }

std::string ExpertDirectory::file_hash(const std::string& file) const { return content_hash_of_file(path_ / file); }

std::vector<const LoraMap*> loras_of(std::span<const ExpertDirectory> experts) {
  std::vector<const LoraMap*> loras;
  for (const ExpertDirectory& expert : experts) loras.push_back(&expert.loras());
  return loras;
}

void LoraEntry::release() const {
  MappedFile::release(a.bytes);
  MappedFile::release(b.bytes);
}

}  // namespace phatgoose
