// What a method of adapting a frozen model offers to the rest of the program, whatever its factors are made of.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "phatgoose/nn/t5_model.h"
#include "phatgoose/store/expert_directory.h"

namespace phatgoose {

/// What a parameter does; training may give each a learning rate of its own.
enum class ParameterRole { adapter, routing };

/// A leaf tensor to train, or some rows of one, under a name that is stable across runs:
/// "encoder.block.0.layer.0.SelfAttention.{q,k,v}.lora_A".
struct NamedParameter {
  std::string name;
  at::Tensor tensor;
  std::int64_t first_row = 0;  ///< rows [first_row, first_row + rows) of its first axis; rows 0 means all of it
  std::int64_t rows = 0;
  ParameterRole role = ParameterRole::adapter;
};

/// The LoRA of one linear: its output gains scale B A u.
struct LinearLora {
  std::string path;  ///< module path
  double scale;      ///< c
  at::Tensor a;      ///< [R, in]
  at::Tensor b;      ///< [out, R]
};

/// The adapters of all linear groups of a model.
class AdapterSet {
 public:
  virtual ~AdapterSet() = default;

  /// Puts an adapter on every group that is adapted, and clears the others.
  virtual void attach(T5Model& model) const = 0;

  /// The leaves to train, in a fixed order.
  virtual std::vector<NamedParameter> trainable() const = 0;

  /// The LoRA that the set amounts to, in the order of the model's linears, those that are not adapted left out; for
  /// the task of number `task`, where it has tasks. It is all that building, merging, exporting and routing use of a
  /// set.
  virtual std::vector<LinearLora> lora(std::optional<std::int64_t> task = std::nullopt) const = 0;

  /// Writes what load_adapters() or ModularParameters::load() reads back, and returns the names of the files;
  /// `base_name` is what the base is called there. Factors as kFloat or, of a LoRA, kBFloat16.
  virtual std::vector<std::string> save_adapter(const fs::path& directory, const std::string& base_name,
                                                at::ScalarType dtype = at::kFloat) const = 0;
};

/// The adapters of an expert, checked against the linears of its base: bad_data where they do not fit.
std::unique_ptr<AdapterSet> load_adapters(const ExpertDirectory& expert, const std::vector<LinearGroupSpec>& groups,
                                          at::Device device);

/// Writes a LoRA as PEFT's two files, whose names it returns. All linears must share one alpha = c R: bad_data.
/// `base_linears` are the paths of all linears of the base, adapted or not.
std::vector<std::string> save_lora(const fs::path& directory, const std::vector<LinearLora>& lora,
                                   const std::string& base_name, const std::vector<std::string>& base_linears,
                                   at::ScalarType dtype);

/// c R of all linears, 1 where there are none; bad_data where they differ, which PEFT's files cannot say.
double common_alpha(const std::vector<LinearLora>& lora);

}  // namespace phatgoose
