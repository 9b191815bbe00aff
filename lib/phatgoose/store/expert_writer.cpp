// Writing an expert's files: PEFT's two, and the gate.
#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>

#include "phatgoose/base/error.h"
#include "phatgoose/store/expert_directory.h"
#include "phatgoose/store/safetensors.h"
#include "phatgoose/store/smallest_base.h"

namespace phatgoose {
namespace {

NamedTensor named(std::string name, DType dtype, Shape shape, const void* data) {
  const std::size_t size = static_cast<std::size_t>(count_of(shape)) * size_of(dtype);
  return {std::move(name), {dtype, std::move(shape), std::span(static_cast<const std::byte*>(data), size)}};
}

/// A whole number without a decimal point, as PEFT declares lora_alpha.
Json number(double value) {
  const bool whole = std::nearbyint(value) == value && std::abs(value) < 1e15;
  return whole ? Json(static_cast<std::int64_t>(value)) : Json(value);
}

/// The linears of the smallest base that has `paths` in both stacks; none where one stack is not adapted.
std::vector<std::string> implied_linears(const std::set<std::string>& paths) {
  const T5Config config = smallest_base(paths);
  std::vector<std::string> linears;
  if (config.num_layers == 0 || config.num_decoder_layers == 0) return linears;
  for (const LinearSpec& linear : adapted_linears(config)) linears.push_back(linear.path);
  return linears;
}

/// target_modules: short names ("q", "wo", ...) where `paths` are all linears with these names, in both stacks of the
/// base as far as it is known, otherwise every module path.
std::set<std::string> target_modules(const std::set<std::string>& paths, const std::vector<std::string>& base_linears) {
  std::set<std::string> names;
  for (const std::string& path : paths) names.insert(last_name(path));
  const auto are_all_of = [&](const std::vector<std::string>& linears) {
    std::set<std::string> meant;
    std::ranges::copy_if(linears, std::inserter(meant, meant.end()),
                         [&](const std::string& linear) { return names.contains(last_name(linear)); });
    return meant == paths;
  };
  const bool all = are_all_of(implied_linears(paths)) && (base_linears.empty() || are_all_of(base_linears));
  return all ? names : paths;
}

/// The settings that PEFT needs, with those that other versions take for granted spelled out.
Json adapter_config(const std::vector<LoraTensors>& loras, double alpha, const std::string& base_name,
                    const std::vector<std::string>& base_linears) {
  const std::int64_t rank = loras.front().rank;
  std::set<std::string> paths;
  Json ranks = Json::object();
  for (const LoraTensors& lora : loras) {
    paths.insert(lora.path);
    if (lora.rank != rank) ranks[lora.path] = lora.rank;
  }
  Json json;
  json["peft_type"] = "LORA";
  json["task_type"] = "SEQ_2_SEQ_LM";
  json["base_model_name_or_path"] = base_name;
  json["inference_mode"] = true;
  json["r"] = rank;
  json["lora_alpha"] = number(alpha);
  json["lora_dropout"] = 0.0;
  json["use_rslora"] = false;
  json["use_dora"] = false;
  json["bias"] = "none";
  json["fan_in_fan_out"] = false;
  json["init_lora_weights"] = true;
  json["modules_to_save"] = nullptr;
  json["rank_pattern"] = ranks;
  json["alpha_pattern"] = Json::object();
  json["target_modules"] = target_modules(paths, base_linears);
  return json;
}

}  // namespace

void write_adapter(const fs::path& directory, const std::vector<LoraTensors>& loras, double alpha,
                   const std::string& base_name, const std::vector<std::string>& base_linears) {
  if (loras.empty()) fail(ExitCode::bug, {.where = directory.string(), .found = "an adapter of no linear"});
  std::vector<NamedTensor> tensors;
  for (const LoraTensors& lora : loras) {
    const std::string name = "base_model.model." + lora.path;
    tensors.push_back(named(name + ".lora_A.weight", lora.dtype, {lora.rank, lora.in}, lora.a));
    tensors.push_back(named(name + ".lora_B.weight", lora.dtype, {lora.out, lora.rank}, lora.b));
  }
  make_directories(directory);
  write_safetensors(directory / "adapter_model.safetensors", std::move(tensors), {{"format", "pt"}});
  write_file(directory / "adapter_config.json", adapter_config(loras, alpha, base_name, base_linears).dump(2) + "\n");
}

void write_gate(const fs::path& directory, const std::vector<GateTensor>& gates) {
  std::vector<NamedTensor> tensors;
  for (const GateTensor& gate : gates) tensors.push_back(named(gate.path, DType::f32, {gate.in}, gate.v));
  make_directories(directory);
  write_safetensors(directory / "gate.safetensors", std::move(tensors), {{"format", "pt"}});
}

}  // namespace phatgoose
