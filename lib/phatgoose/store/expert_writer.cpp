// Writing an expert's files: PEFT's two, and the gate.
#include <cmath>
#include <set>

#include "phatgoose/base/error.h"
#include "phatgoose/store/expert_directory.h"
#include "phatgoose/store/peft_settings.h"
#include "phatgoose/store/safetensors.h"
#include "phatgoose/store/target_modules.h"

namespace phatgoose {
namespace {

/// A whole number without a decimal point, as PEFT declares lora_alpha.
Json number(double value) {
  const bool whole = std::nearbyint(value) == value && std::abs(value) < 1e15;
  return whole ? Json(static_cast<std::int64_t>(value)) : Json(value);
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
    tensors.push_back(named_tensor(name + ".lora_A.weight", lora.dtype, {lora.rank, lora.in}, lora.a));
    tensors.push_back(named_tensor(name + ".lora_B.weight", lora.dtype, {lora.out, lora.rank}, lora.b));
  }
  make_directories(directory);
  write_safetensors(directory / kPeftAdapterFile, std::move(tensors), {{"format", "pt"}});
  write_file(directory / kPeftConfigFile, adapter_config(loras, alpha, base_name, base_linears).dump(2) + "\n");
}

void write_gate(const fs::path& directory, const std::vector<GateTensor>& gates) {
  std::vector<NamedTensor> tensors;
  for (const GateTensor& gate : gates) tensors.push_back(named_tensor(gate.path, DType::f32, {gate.in}, gate.v));
  make_directories(directory);
  write_safetensors(directory / "gate.safetensors", std::move(tensors), {{"format", "pt"}});
}

}  // namespace phatgoose
