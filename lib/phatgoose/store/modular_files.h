// The tensors of a modular adapter, as they lie in PEFT's Poly files or in leaves.safetensors.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "phatgoose/store/modular_method.h"
#include "phatgoose/store/poly_config.h"
#include "phatgoose/store/tensor_archive.h"

namespace phatgoose {

constexpr const char* kLeavesFile = "leaves.safetensors";

/// What is stored of one linear, of any floating-point type.
struct ModularEntry {
  TensorView a;                            ///< ModularShape::a_shape(in)
  TensorView b;                            ///< ModularShape::b_shape(out)
  TensorView logits{DType::f32, {0}, {}};  ///< [tasks, ModularShape::logits()]; [0] without routing

  /// Lets the kernel drop the pages of all three once they have been copied elsewhere.
  void release() const;
};

struct ModularFiles {
  ModularShape shape;
  std::int64_t tasks = 0;                            ///< rows of every linear's logits; 0 without routing
  std::map<std::string, ModularEntry> entries = {};  ///< by module path; valid while `file` lives
  fs::path path = {};                                ///< of the file of tensors
  std::shared_ptr<const TensorArchive> file = {};
  std::shared_ptr<const PolyConfig> config = {};  ///< of PEFT's Poly; null for leaves
  std::string model_path = {};                    ///< of the base within the model that PEFT adapted; otherwise empty
};

/// Reads adapter_config.json and adapter_model.safetensors (or .bin): of every linear both factors and the router's
/// logits, of the shapes that the configuration gives. What does not fit, and NaN and infinite values, is bad_data;
/// with `check_values` false the values of factors are not looked at.
ModularFiles read_poly_files(const fs::path& directory, bool check_values);

/// The same of leaves.safetensors, for what a manifest says: `shape`, of a method with leaves, and the number of tasks.
ModularFiles read_leaf_files(const fs::path& directory, const ModularShape& shape, std::int64_t tasks,
                             bool check_values);

}  // namespace phatgoose
