// Merged experts (METHODS 4): the dense update of a linear that stands for the LoRAs of many experts.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <string>

#include "phatgoose/store/expert_directory.h"

namespace phatgoose {

enum class MergeRule {
  factors,  ///< dW = c (mean of B_e) (mean of A_e): experts of equal ranks, scales and adapted linears only
  product,  ///< dW = mean of c_e B_e A_e over all experts; one that lacks the linear counts as 0
};

/// Refuses experts that `rule` cannot merge, naming two of them and what differs between them: bad_data. Any experts of
/// one base can be merged by their products.
void check_mergeable(MergeRule rule, std::span<const ExpertDirectory> experts);

/// dW of one linear, fp32 on `device`, from the LoRAs of the experts that adapt it (at least one, all of one [out,
/// in]); `experts` is the number of all experts. The stacked factors are multiplied in blocks, sum of ranks by sum of
/// ranks: nothing of size experts x out x in exists.
at::Tensor product_update(std::span<const LoraEntry> loras, std::int64_t experts, at::Device device);  // [out, in]
/// The same of mean factors; ranks and scales of `loras` must be equal (check_mergeable).
at::Tensor factors_update(std::span<const LoraEntry> loras, at::Device device);  // [out, in]

/// dW of the linear at the module path `linear` by `rule`; undefined where none of `experts` adapts it. The experts
/// must have passed check_mergeable, and fit one base.
at::Tensor merged_update(MergeRule rule, std::span<const LoraMap* const> experts, const std::string& linear,
                         at::Device device);  // [out, in]

}  // namespace phatgoose
