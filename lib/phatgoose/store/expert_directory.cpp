#include "phatgoose/store/expert_directory.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "phatgoose/base/error.h"
#include "phatgoose/base/log.h"
#include "phatgoose/store/factor_names.h"
#include "phatgoose/store/float_values.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/peft_config.h"
#include "phatgoose/store/safetensors.h"

namespace phatgoose {
namespace {

constexpr const char* kConfigFile = "adapter_config.json";
constexpr const char* kAdapterFile = "adapter_model.safetensors";
constexpr const char* kOldAdapterFile = "adapter_model.bin";
constexpr const char* kGateFile = "gate.safetensors";

void check_tensor(const TensorArchive& file, const std::string& name, std::size_t dimensions, bool check_values) {
  const TensorView& view = file.at(name);
  const std::string expected = dimensions == 1 ? "a vector" : "a matrix";
  if (count_of(view.shape) == 0) {
    refuse(file.where(name), "shape " + to_string(view.shape) + ", which is empty", expected,
           "parameters that are sharded over several devices must be gathered before they are saved");
  }
  if (view.shape.size() != dimensions) refuse(file.where(name), "shape " + to_string(view.shape), expected);
  if (!is_floating(view.dtype)) refuse(file.where(name), name_of(view.dtype), "floating-point numbers");
  if (check_values && !all_finite(view)) refuse(file.where(name), "NaN or infinite values", "finite numbers");
}

/// The two factors of one linear while they are collected.
struct Pair {
  const TensorView* a = nullptr;
  const TensorView* b = nullptr;
};

/// A file holds one adapter of one model: what stands before the paths, and between lora_A and weight, is the same
/// throughout.
void check_alike(const FactorName& first, const FactorName& other, const std::string& where) {
  if (other.adapter != first.adapter) {
    const auto named = [](const FactorName& factor) {
      return factor.adapter.empty() ? std::string("one without a name") : "\"" + factor.adapter + "\"";
    };
    refuse(where, "factors of two adapters, " + named(first) + " and " + named(other), "one adapter",
           "save each by itself");
  }
  if (other.prefix != first.prefix) {
    refuse(where, "the prefixes \"" + first.prefix + "\" and \"" + other.prefix + "\"", "one prefix for all tensors");
  }
}

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
    check_alike(*first, *factor, file.where(name));
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
  if (const auto setting = config.targets().left_out_by(module)) {
    refuse(where, "a linear that " + *setting + " of " + kConfigFile + " leaves out",
           "a configuration that fits the tensors");
  }
  if (config.rank_of(module) != rank) {
    refuse(where, "rank " + std::to_string(rank), std::to_string(config.rank_of(module)) + " by " + kConfigFile);
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

/// Says what a directory without adapter_config.json may be instead.
[[noreturn]] void refuse_directory(const fs::path& directory) {
  std::error_code error;
  const std::string where = directory.string(),
                    expected = "an expert or a PEFT LoRA directory, with adapter_config.json";
  if (!fs::is_directory(directory, error)) {
    refuse(where, fs::exists(directory, error) ? "not a directory" : "no such directory", expected);
  }
  const std::string found = std::string("no ") + kConfigFile;
  if (is_file(directory / "run.json")) {
    refuse(where, found, expected, "it is an unfinished run: the command that began it resumes it");
  }
  if (is_file(directory / "config.json")) refuse(where, found, expected, "it is a model, which belongs to --model");
  std::set<fs::path> inside;  // a run of another trainer, or a library
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    if (is_file(entry.path() / kConfigFile)) inside.insert(entry.path());
  }
  refuse(where, found, expected, inside.empty() ? "" : "there is one in " + inside.begin()->string());
}

}  // namespace

fs::path adapter_file_in(const fs::path& directory) {
  const bool old_file = !is_file(directory / kAdapterFile) && is_file(directory / kOldAdapterFile);
  return directory / (old_file ? kOldAdapterFile : kAdapterFile);
}

ExpertDirectory ExpertDirectory::open(const NamedDirectory& directory, bool check_values) {
  ExpertDirectory expert = open(directory.path, check_values);
  if (!directory.name.empty()) expert.name_ = directory.name;
  return expert;
}

ExpertDirectory ExpertDirectory::open(const fs::path& directory, bool check_values) {
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
  const fs::path config_path = directory / kConfigFile;
  if (!is_file(config_path)) refuse_directory(directory);
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
  if (const auto& unknown = config_->unknown_settings(); !unknown.empty()) {
    log_info(fmt::format("{}: settings that PEFT does not know are ignored: {}", (path_ / kConfigFile).string(),
                         fmt::join(unknown, ", ")));
  }
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
