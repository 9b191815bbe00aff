// One expert in memory: the LoRA factors, and the gates where it has them, of every linear group of a model.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "phatgoose/adapters/adapter_set.h"
#include "phatgoose/adapters/lora.h"

namespace phatgoose {

/// What A is drawn from at first.
enum class InitialFactors {
  normal,   ///< N(0, 0.01^2) (METHODS 3.1)
  uniform,  ///< U(-g, g), g = sqrt(2 / 6) / sqrt(in) (METHODS 7)
};

/// All tensors are fp32 leaves on one device, laid out as LoraParameters says. Copies share them.
class ExpertParameters : public AdapterSet {
 public:
  /// A new expert on every linear: A as `factors` says, B = 0, scale 1/R. A pure function of (seed, module path):
  /// neither the order of the linears nor their grouping matters.
  static ExpertParameters initial(const std::vector<LinearGroupSpec>& groups, std::int64_t rank, std::uint64_t seed,
                                  at::Device device, InitialFactors factors = InitialFactors::normal);
  /// Factors of a stored expert, and its gates where it has them. Linears that it does not adapt stay without adapter;
  /// a module path that `groups` lacks, or a wrong shape: bad_data.
  static ExpertParameters load(const ExpertDirectory& expert, const std::vector<LinearGroupSpec>& groups,
                               at::Device device);

  /// The means of the factors of several experts, without gates (METHODS 4: merged, factors); they must be alike
  /// (check_alike).
  static ExpertParameters mean(std::span<const ExpertDirectory> experts, const std::vector<LinearGroupSpec>& groups,
                               at::Device device);

  /// Gates v = 0 for every adapted linear, replacing those there are.
  void reset_gates();
  bool has_gates() const;

  /// Sets what gradients are computed for. Nothing is trainable at first.
  void set_trainable(bool lora, bool gates);
  std::vector<NamedParameter> trainable() const override;

  /// Without the gates.
  void attach(T5Model& model) const override;
  void attach_gated(T5Model& model) const;

  /// Views of the factors.
  std::vector<LinearLora> lora(std::optional<std::int64_t> task = std::nullopt) const override;

  /// bad_data unless all linears share one alpha = c R, which save_adapter asks for.
  void check_one_alpha() const { common_alpha(lora()); }
  std::vector<std::string> save_adapter(const fs::path& directory, const std::string& base_name,
                                        at::ScalarType dtype = at::kFloat) const override;
  /// Writes gate.safetensors.
  void save_gate(const fs::path& directory) const;

  /// In the order of the groups given; a group without adapted linear has no members.
  const std::vector<std::shared_ptr<LoraParameters>>& groups() const { return groups_; }

 private:
  explicit ExpertParameters(const std::vector<LinearGroupSpec>& groups);  // no factors yet

  std::vector<std::shared_ptr<LoraParameters>> groups_;
  std::vector<std::string> linears_;  // paths of all linears of the groups given, adapted or not
};

}  // namespace phatgoose
