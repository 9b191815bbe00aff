#include "phatgoose/store/expert_directory.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "phatgoose/base/error.h"
#include "phatgoose/base/nearest.h"
#include "phatgoose/store/finite.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/peft_config.h"
#include "phatgoose/store/safetensors.h"
#include "phatgoose/store/torch_zip.h"

namespace phatgoose {
namespace {

constexpr const char* kConfigFile = "adapter_config.json";
constexpr const char* kAdapterFile = "adapter_model.safetensors";
constexpr const char* kOldAdapterFile = "adapter_model.bin";
constexpr const char* kGateFile = "gate.safetensors";
constexpr std::string_view kPrefix = "base_model.model.";

[[noreturn]] void refuse(const std::string& where, const std::string& found, const std::string& expected,
                         const std::string& hint = {}) {
  fail(ExitCode::bad_data, {.where = where, .found = found, .expected = expected, .hint = hint});
}

struct Factor {
  std::string path;
  bool is_a;
};

/// Splits "base_model.model.PATH.lora_A.weight", with ".default" before ".weight" in files of older PEFT releases.
std::optional<Factor> parse_factor_name(std::string_view name) {
  if (name.starts_with(kPrefix)) name.remove_prefix(kPrefix.size());
  for (const std::string_view end : {".weight", ".default.weight"}) {
    for (const bool is_a : {true, false}) {
      const std::string suffix = std::string(is_a ? ".lora_A" : ".lora_B").append(end);
      if (name.size() > suffix.size() && name.ends_with(suffix)) {
        return Factor{std::string(name.substr(0, name.size() - suffix.size())), is_a};
      }
    }
  }
  return std::nullopt;
}

void check_tensor(const TensorArchive& file, const std::string& name, std::size_t dimensions, bool check_values) {
  const TensorView& view = file.at(name);
  if (view.shape.size() != dimensions || std::count(view.shape.begin(), view.shape.end(), 0) > 0) {
    refuse(file.where(name), "shape " + to_string(view.shape), dimensions == 1 ? "a vector" : "a matrix");
  }
  if (!is_floating(view.dtype)) refuse(file.where(name), name_of(view.dtype), "floating-point numbers");
  if (check_values && !all_finite(view)) refuse(file.where(name), "NaN or infinite values", "finite numbers");
}

/// The two factors of one linear while they are collected.
struct Pair {
  const TensorView* a = nullptr;
  const TensorView* b = nullptr;
  std::string a_name = {}, b_name = {};
};

std::map<std::string, Pair> collect_pairs(const TensorArchive& file, bool check_values) {
  std::map<std::string, Pair> pairs;
  for (const auto& [name, view] : file.tensors()) {
    const auto factor = parse_factor_name(name);
    if (!factor) refuse(file.where(name), "a tensor that is no LoRA factor", "lora_A and lora_B weights only");
    check_tensor(file, name, 2, check_values);
    Pair& pair = pairs[factor->path];
    const TensorView*& place = factor->is_a ? pair.a : pair.b;
    if (place != nullptr) refuse(file.where(name), "a factor that is stored twice", "one of each");
    place = &view;
    (factor->is_a ? pair.a_name : pair.b_name) = name;
  }
  return pairs;
}

LoraEntry make_entry(const std::string& path, const Pair& pair, const PeftConfig& config, const std::string& where) {
  if (pair.a == nullptr || pair.b == nullptr) {
    refuse(where, std::string("no ") + (pair.a == nullptr ? "lora_A" : "lora_B"), "both factors");
  }
  const std::int64_t rank = pair.a->shape[0];
  if (pair.b->shape[1] != rank) {
    refuse(where, "lora_A " + to_string(pair.a->shape) + " and lora_B " + to_string(pair.b->shape), "one rank");
  }
  if (config.rank_of(path) != rank) {
    refuse(where, "rank " + std::to_string(rank), std::to_string(config.rank_of(path)) + " by " + kConfigFile);
  }
  if (!config.targets(path)) {
    refuse(where, std::string("a linear that target_modules of ") + kConfigFile + " leaves out",
           "a configuration that fits the tensors");
  }
  return {rank, config.scale_of(path), *pair.a, *pair.b, pair.a_name, pair.b_name};
}

std::map<std::string, LoraEntry> read_loras(const TensorArchive& file, const PeftConfig& config, bool check_values) {
  std::map<std::string, LoraEntry> loras;
  for (const auto& [path, pair] : collect_pairs(file, check_values)) {
    loras.emplace(path, make_entry(path, pair, config, file.where(path)));
  }
  if (loras.empty()) refuse(file.where("LoRA"), "no tensors", "at least one adapted linear");
  return loras;
}

void check_vectors(const TensorArchive& file, const std::map<std::string, LoraEntry>& loras, bool check_values) {
  for (const auto& [name, view] : file.tensors()) {
    check_tensor(file, name, 1, check_values);
    if (view.dtype != DType::f32) refuse(file.where(name), name_of(view.dtype), "F32");
    const auto lora = loras.find(name);
    if (lora == loras.end()) refuse(file.where(name), "a vector without a LoRA", "one for each adapted linear");
    if (view.shape[0] != lora->second.a.shape[1]) {
      refuse(file.where(name), "shape " + to_string(view.shape), to_string(Shape{lora->second.a.shape[1]}),
             "it is as long as its linear's input");
    }
  }
  for (const auto& [path, lora] : loras) {
    if (!file.contains(path))
      refuse(file.where(path), "no vector", "one for each adapted linear", "make the file again");
  }
}

/// The directory's own name, also for "." and for paths that end with a slash.
std::string own_name(const fs::path& directory) {
  fs::path path = fs::absolute(directory).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  return path.filename().string();
}

std::shared_ptr<TensorArchive> open_adapter(const fs::path& path) {
  if (path.extension() == ".bin") return std::make_shared<TorchZipFile>(path);
  return std::make_shared<SafetensorsFile>(path);
}

}  // namespace

ExpertDirectory ExpertDirectory::open(const fs::path& directory, bool check_values) {
  ExpertDirectory expert;
  expert.path_ = directory;
  expert.name_ = own_name(directory);
  if (const auto manifest = read_manifest(directory, "expert")) {
    const std::string where = (directory / "manifest.json").string();
    expert.name_ = json_get<std::string>(manifest->body, "name", where);
    const Json base = json_get<Json>(manifest->body, "base", where);
    expert.base_fingerprint_ = json_get<std::string>(base, "fingerprint", where + ": base");
  }
  const fs::path config_path = directory / kConfigFile;
  if (!is_file(config_path)) {
    refuse(directory.string(), std::string("no ") + kConfigFile, "an expert or a PEFT LoRA directory");
  }
  const PeftConfig config(read_json(config_path.string()), config_path.string());
  const bool old_file = !is_file(directory / kAdapterFile) && is_file(directory / kOldAdapterFile);
  expert.adapter_path_ = directory / (old_file ? kOldAdapterFile : kAdapterFile);
  expert.adapter_file_ = open_adapter(expert.adapter_path_);
  expert.loras_ = read_loras(*expert.adapter_file_, config, check_values);
  expert.gates_ = expert.vectors(kGateFile, check_values);
  return expert;
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

void ExpertDirectory::release(const LoraEntry& lora) const {
  adapter_file_->release(lora.a_name);
  adapter_file_->release(lora.b_name);
}

void ExpertDirectory::check_base(const T5Config& config, const std::string& fingerprint) const {
  const std::string hint = "the expert was made for another base model";
  if (base_fingerprint_ && !fingerprint.empty() && *base_fingerprint_ != fingerprint) {
    refuse(path_.string(), "an expert of the base with fingerprint " + *base_fingerprint_, fingerprint, hint);
  }
  std::map<std::string, LinearSpec> linears;
  std::vector<std::string> names;
  for (const LinearSpec& linear : adapted_linears(config)) {
    linears.emplace(linear.path, linear);
    names.push_back(linear.path);
  }
  for (const auto& [path, lora] : loras_) {
    const std::string where = adapter_file_->where(path);
    const auto linear = linears.find(path);
    if (linear == linears.end()) {
      const std::string meant = did_you_mean(path, names);
      refuse(where, "no such linear layer in the base", "module paths of the base", meant.empty() ? hint : meant + " otherwise " + hint);
    }
    const Shape a{lora.rank, linear->second.in}, b{linear->second.out, lora.rank};
    if (lora.a.shape != a) refuse(where, "lora_A of shape " + to_string(lora.a.shape), to_string(a), hint);
    if (lora.b.shape != b) refuse(where, "lora_B of shape " + to_string(lora.b.shape), to_string(b), hint);
  }
}

}  // namespace phatgoose
