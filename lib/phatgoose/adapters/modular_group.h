// The tensors of a modular multi-task adapter (METHODS 6, 7) at one linear group, and the LoRAs that are mixed from
// them.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "phatgoose/adapters/lora.h"
#include "phatgoose/store/modular_method.h"

namespace phatgoose {

/// LoRA factors of all members for several mixtures of the same parts, laid out as LoraParameters says.
struct MixedFactors {
  at::Tensor a;  ///< [K, M R, in]
  at::Tensor b;  ///< [K, M out R]
};

/// One tensor of each kind for the M adapted linears of the group, which have equal sizes: what belongs to a linear are
/// rows of it, whose shapes are those of ModularShape. All fp32.
struct ModularGroup {
  ModularShape shape;
  std::shared_ptr<const LoraLayout> layout;  ///< of what is mixed: ranks R, scales 1 / R
  std::int64_t in = 0, out = 0, tasks = 0;
  at::Tensor a;       ///< [M P, S, in / P, R], or leaves [M O, S, R, q_in]
  at::Tensor b;       ///< [M P, S, R, out / P], or leaves [M O, S, R, q_out]
  at::Tensor logits;  ///< [M tasks, L], L = ModularShape::logits(); undefined without routing

  /// Zeros. The linears of `spec` must have one size, and P divide both sides: bad_data. With `adapted` only those
  /// whose module paths it admits are members, one at least.
  static ModularGroup zeros(const LinearGroupSpec& spec, const ModularShape& shape, std::int64_t tasks,
                            at::Device device, const std::function<bool(const std::string&)>& adapted = {});

  std::int64_t members() const { return std::ssize(*layout); }

  /// The rows of the first axis that are those of member m, of a and b, and of logits.
  std::int64_t rows_per_member() const { return a.size(0) / members(); }
  at::Tensor a_of(std::int64_t m) const { return a.narrow(0, m * rows_per_member(), rows_per_member()); }
  at::Tensor b_of(std::int64_t m) const { return b.narrow(0, m * rows_per_member(), rows_per_member()); }
  at::Tensor logits_of(std::int64_t m) const { return logits.narrow(0, m * tasks, tasks); }  // [tasks, L]

  /// The logits of the tasks with these numbers.
  at::Tensor logits_of_tasks(std::span<const std::int64_t> numbers) const;  // [M, K, L]

  /// The factors that parts weighted by mixing_weights(task_logits) make; without routing, one mixture of all parts,
  /// whatever `task_logits` is. Differentiable.
  MixedFactors mix(const at::Tensor& task_logits) const;  // [M, K, L]
};

}  // namespace phatgoose
