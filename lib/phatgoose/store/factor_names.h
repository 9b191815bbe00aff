// Names of the tensors in a LoRA file: "base_model.model.PATH.lora_A.weight", and what other tools make of them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace phatgoose {

/// The parts of a factor's name. Wrappers put modules of their own around the model, or anywhere into the path, and
/// their names stay in the keys: `module` (DataParallel), `_orig_mod` (torch.compile), `_fsdp_wrapped_module` (FSDP),
/// `_checkpoint_wrapped_module` (activation checkpointing).
struct FactorName {
  std::string prefix;      ///< what stands before the path: "base_model.model.", "module.base_model.model.", "", ...
  std::string model_path;  ///< "model." where the adapted model was part of another, else empty; the end of `prefix`
  std::string path;        ///< of the linear, without wrappers: "encoder.block.0.layer.0.SelfAttention.q"
  std::string adapter;     ///< "default" of "lora_A.default.weight"; empty where there is none
  bool is_a;               ///< lora_A, not lora_B
};

/// Nothing where this is no name of a factor.
std::optional<FactorName> parse_factor_name(std::string_view name);

}  // namespace phatgoose
