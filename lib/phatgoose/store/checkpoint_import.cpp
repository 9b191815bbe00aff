#include "phatgoose/store/checkpoint_import.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <set>
#include <sstream>

#include "phatgoose/base/error.h"
#include "phatgoose/base/log.h"
#include "phatgoose/base/nearest.h"
#include "phatgoose/base/text_file.h"
#include "phatgoose/store/expert_directory.h"
#include "phatgoose/store/float_values.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/named_directory.h"
#include "phatgoose/store/staged_directory.h"
#include "phatgoose/store/t5_checkpoint.h"

namespace phatgoose {
namespace {

constexpr const char* kRecord = "import";
constexpr std::string_view kAddons = "._addons.";
constexpr std::array<std::string_view, 3> kPartNames = {"expert_lora.layer1_", "expert_lora.layer2_",
                                                        "router.expert_embeddings_"};

/// The tensors of one expert at one linear, in the order of kPartNames.
using ExpertParts = std::array<const TensorView*, 3>;
using Expert = std::map<std::string, ExpertParts>;  ///< by module path

std::string tensor_name(const std::string& path, std::size_t part, std::int64_t index) {
  return path + std::string(kAddons) + std::string(kPartNames[part]) + "_" + std::to_string(index);
}

/// "_12" as 12.
std::int64_t parse_index(std::string_view text) {
  std::int64_t index = -1;
  const std::string_view digits = text.substr(std::min<std::size_t>(1, text.size()));
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
  const bool whole = error == std::errc() && end == digits.data() + digits.size();
  if (!text.starts_with('_') || !whole || index < 0 || std::to_string(index) != digits) {
    refuse_here("an expert called \"" + std::string(text) + "\"", "a name that ends with __ and its number");
  }
  return index;
}

/// The tensors of experts by number, module path and part; without `gate`, the factors alone.
std::map<std::int64_t, Expert> collect_experts(const TensorArchive& file, bool gate) {
  std::map<std::int64_t, Expert> experts;
  for (const auto& [name, view] : file.tensors()) {
    const std::size_t at = name.find(kAddons);
    if (at == std::string::npos) continue;
    const std::string_view rest = std::string_view(name).substr(at + kAddons.size());
    const auto begins = [&](std::string_view part_name) { return rest.starts_with(part_name); };
    const auto part = static_cast<std::size_t>(std::ranges::find_if(kPartNames, begins) - kPartNames.begin());
    if (part >= 2 && !gate) continue;
    if (part == kPartNames.size()) {
      refuse(file.where(name), "a tensor of an unknown kind",
             "expert_lora.layer1__I, expert_lora.layer2__I and router.expert_embeddings__I",
             rest.ends_with("expert_input_gate") ? "gates must be stored as router.expert_embeddings__I" : "");
    }
    const auto index = in(file.where(name), [&] { return parse_index(rest.substr(kPartNames[part].size())); });
    experts[index][name.substr(0, at)][part] = &view;
  }
  return experts;
}

void check_part(const TensorArchive& file, const std::string& name, const TensorView& view, const Shape& expected,
                const std::string& hint) {
  if (view.shape != expected) refuse(file.where(name), "shape " + to_string(view.shape), to_string(expected), hint);
  if (!is_floating(view.dtype)) refuse(file.where(name), name_of(view.dtype), "floating-point numbers");
  if (!all_finite(view)) refuse(file.where(name), "NaN or infinite values", "finite numbers");
}

/// R, as the first factor of the first expert has it.
std::int64_t rank_of(const TensorArchive& file, const Expert& first) {
  for (const auto& [path, parts] : first) {
    if (parts[0] == nullptr) continue;
    const Shape& shape = parts[0]->shape;
    if (shape.size() == 2 && shape[1] > 0) return shape[1];
    refuse(file.where(tensor_name(path, 0, 0)), "shape " + to_string(shape), "[in, R]");
  }
  refuse(file.where("expert 0"), "no expert_lora.layer1__0", "its first factors");
}

/// Expert `index` must have all parts at every linear of the base, in the right shapes, and nothing else.
void check_expert(const TensorArchive& file, std::int64_t index, const Expert& expert,
                  const std::vector<LinearSpec>& linears, std::int64_t rank, bool gate) {
  std::vector<std::string> paths;
  for (const LinearSpec& linear : linears) {
    paths.push_back(linear.path);
    const std::array<Shape, 3> shapes = {Shape{linear.in, rank}, Shape{rank, linear.out}, Shape{linear.in}};
    const auto parts = expert.find(linear.path);
    for (std::size_t part = 0; part < (gate ? 3u : 2u); ++part) {
      const std::string name = tensor_name(linear.path, part, index);
      if (parts == expert.end() || parts->second[part] == nullptr) {
        refuse(file.where(name), "there is no such tensor", "every linear of the base, in every expert",
               part == 2 ? "--gate false imports experts without gates" : "");
      }
      check_part(file, name, *parts->second[part], shapes[part],
                 "all experts have one rank, and the sizes of the base");
    }
  }
  for (const auto& [path, parts] : expert) {
    if (std::find(paths.begin(), paths.end(), path) != paths.end()) continue;
    refuse(file.where(path), "no such linear layer in the base", "module paths of the base", did_you_mean(path, paths));
  }
}

/// Experts 0, 1, ... of the file, complete and of one rank.
std::vector<Expert> read_experts(const TensorArchive& file, const T5Config& config, bool gate) {
  std::map<std::int64_t, Expert> found = collect_experts(file, gate);
  if (found.empty()) {
    refuse(file.where("experts"), "no tensor named MODULE._addons.expert_lora.layer1__0",
           "a checkpoint of the original PHATGOOSE code");
  }
  const std::int64_t last = found.rbegin()->first;
  for (std::int64_t index = 0; index <= last; ++index) {
    if (found.contains(index)) continue;
    refuse(file.where("expert " + std::to_string(index)), "missing",
           "experts 0 to " + std::to_string(last) + " without a gap");
  }
  const std::vector<LinearSpec> linears = adapted_linears(config);
  const std::int64_t rank = rank_of(file, found.begin()->second);
  std::vector<Expert> experts;
  for (auto& [index, expert] : found) {
    check_expert(file, index, expert, linears, rank, gate);
    experts.push_back(std::move(expert));
  }
  return experts;
}

std::vector<std::string> read_names(const fs::path& path, std::size_t experts) {
  std::string text = read_text(path);
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  std::vector<std::string> names;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) {
    if (line.ends_with('\r')) line.pop_back();
    const std::string where = path.string() + ":" + std::to_string(names.size() + 1);
    if (!is_expert_name(line)) refuse(where, "the name \"" + line + "\"", kExpertNameRule);
    if (std::find(names.begin(), names.end(), line) != names.end())
      refuse(where, line + " a second time", "unique names");
    names.push_back(line);
  }
  if (names.size() != experts) {
    refuse(path.string(), std::to_string(names.size()) + " names",
           std::to_string(experts) + ", one for each expert of the checkpoint");
  }
  return names;
}

/// Steps of relative rounding that a number of this type may carry.
float rounding_of(DType dtype) {
  if (dtype == DType::bf16) return 0x1p-8f;
  return dtype == DType::f16 ? 0x1p-11f : 0.0f;
}

/// Whether two tensors hold the same numbers, up to the rounding of the coarser type where their types differ.
bool same_numbers(const TensorView& x, const TensorView& y) {
  if (x.shape != y.shape) return false;
  if (x.dtype == y.dtype) return std::equal(x.bytes.begin(), x.bytes.end(), y.bytes.begin(), y.bytes.end());
  const std::vector<float> a = float_values(x), b = float_values(y);
  const float relative = std::max(rounding_of(x.dtype), rounding_of(y.dtype));
  const float absolute = x.dtype == DType::f16 || y.dtype == DType::f16 ? 0x1p-24f : 0.0f;
  return std::equal(a.begin(), a.end(), b.begin(),
                    [&](float s, float t) { return std::abs(s - t) <= relative * std::abs(s) + absolute; });
}

/// Embeddings that the checkpoint brings along tell which base its experts were trained on.
void check_embeddings(const TensorArchive& file, const fs::path& model) {
  const auto has = [&](const char* name) { return file.contains(name); };
  if (std::none_of(kEmbeddingNames.begin(), kEmbeddingNames.end(), has)) return;
  const auto base = open_model_archive(model);
  const TensorView& expected = base->at(embedding_name(*base));
  for (const char* name : kEmbeddingNames) {
    if (!has(name)) continue;
    const TensorView& view = file.at(name);
    if (is_floating(view.dtype) && same_numbers(view, expected)) continue;
    refuse(file.where(name), "embeddings that differ from those of " + model.string(), "a checkpoint of this base",
           "--model must be the base that the checkpoint was trained on");
  }
}

/// What a directory of expert `index` is made of.
Json record_of(const ImportPlan& plan, const std::string& checkpoint_hash, std::size_t index) {
  return {{"checkpoint", checkpoint_hash}, {"index", index}, {"gate", plan.gate}};
}

bool is_expert_of(const fs::path& directory, const Json& record, const fs::path& product) {
  if (!is_of_kind(directory, kExpertKind)) return false;
  const auto manifest = read_finished(directory, kExpertKind, remedy_of_removing(product));
  return manifest->body.contains(kRecord) && manifest->body.at(kRecord) == record;
}

/// Whether `out` holds these very experts; anything else is not written over.
bool is_imported(const ImportPlan& plan, const std::vector<std::string>& names, const std::string& checkpoint_hash) {
  std::error_code error;
  if (!fs::exists(plan.out, error) || (fs::is_directory(plan.out, error) && fs::is_empty(plan.out, error)))
    return false;
  bool all = true;
  for (std::size_t i = 0; i < names.size(); ++i) {
    all = all && is_expert_of(plan.out / names[i], record_of(plan, checkpoint_hash, i), plan.out);
  }
  if (all) return true;
  refuse_usage("--out", contents_of(plan.out) + ", not these experts", "a new or empty directory",
               "choose another --out");
}

/// Writes PEFT's files and the gate; returns their names.
std::vector<std::string> write_factors(const fs::path& directory, const Expert& expert, const ImportPlan& plan) {
  std::vector<std::vector<float>> kept;
  std::vector<LoraTensors> loras;
  std::vector<GateTensor> gates;
  const auto keep = [&](std::vector<float> values) { return kept.emplace_back(std::move(values)).data(); };
  for (const auto& [path, parts] : expert) {
    const Shape &first = parts[0]->shape, &second = parts[1]->shape;
    loras.push_back({.path = path,
                     .in = first[0],
                     .out = second[1],
                     .rank = first[1],
                     .a = keep(transposed_values(*parts[0])),
                     .b = keep(transposed_values(*parts[1]))});
    if (plan.gate) gates.push_back({.path = path, .in = first[0], .v = keep(float_values(*parts[2]))});
  }
  write_adapter(directory, loras, /*alpha=*/1.0, plan.model.string());
  std::vector<std::string> files = {"adapter_config.json", "adapter_model.safetensors"};
  if (plan.gate) {
    write_gate(directory, gates);
    files.push_back("gate.safetensors");
  }
  return files;
}

}  // namespace

void import_checkpoint(const ImportPlan& plan) {
  const T5Config config = read_t5_config(plan.model);
  const std::string fingerprint = base_fingerprint(plan.model);
  const auto file = open_archive(plan.checkpoint);
  check_embeddings(*file, plan.model);
  const std::vector<Expert> experts = read_experts(*file, config, plan.gate);
  const std::vector<std::string> names = read_names(plan.names, experts.size());
  const std::string hash = content_hash_of_file(plan.checkpoint);
  if (is_imported(plan, names, hash)) {
    log_info(plan.out.string() + " is finished");
    return;
  }
  StagedDirectory staged(plan.out);
  for (std::size_t i = 0; i < experts.size(); ++i) {
    const fs::path directory = staged.path() / names[i];
    const std::vector<std::string> files = write_factors(directory, experts[i], plan);
    const Json body = {{"name", names[i]},
                       {"base", {{"path", plan.model.string()}, {"fingerprint", fingerprint}}},
                       {kRecord, record_of(plan, hash, i)}};
    write_manifest(directory, {.kind = kExpertKind, .body = body}, files);
  }
  staged.commit();
}

}  // namespace phatgoose
