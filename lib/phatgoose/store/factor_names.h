// Names of the tensors in PEFT's files: "base_model.model.PATH.lora_A.weight", and what other tools make of them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace phatgoose {

/// Where a tensor belongs, by its name. Wrappers put modules of their own around the model, or anywhere into the path,
/// and their names stay in the keys: `module` (DataParallel), `_orig_mod` (torch.compile), `_fsdp_wrapped_module`
/// (FSDP), `_checkpoint_wrapped_module` (activation checkpointing).
struct TensorPlace {
  std::string prefix;      ///< what stands before the path: "base_model.model.", "module.base_model.model.", "", ...
  std::string model_path;  ///< "model." where the adapted model was part of another, else empty; the end of `prefix`
  std::string path;        ///< of the linear, without wrappers: "encoder.block.0.layer.0.SelfAttention.q"
  std::string adapter;     ///< "default" of "lora_A.default.weight"; empty where there is none
};

struct FactorName : TensorPlace {
  bool is_a;  ///< lora_A, not lora_B
};

/// Nothing where this is no name of a LoRA's factor.
std::optional<FactorName> parse_factor_name(std::string_view name);

enum class PolyPart { a, b, logits };

struct PolyName : TensorPlace {
  PolyPart part;
};

/// "PATH.poly_lora_A", "PATH.poly_lora_B" and "PATH.poly_router.module_logits" as PEFT's Poly writes them, behind a
/// prefix, and with an adapter's name before ".module_logits" or at the end of the others. Nothing where this is no
/// such name.
std::optional<PolyName> parse_poly_name(std::string_view name);

/// A file holds one adapter of one model: what stands before the paths, and the adapter's name, must be the same
/// throughout; bad_data at `where` otherwise.
void check_same_adapter(const TensorPlace& first, const TensorPlace& other, const std::string& where);

}  // namespace phatgoose
