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

/// dW of the linear at the module path `linear` by `rule`, fp32 on `device`; undefined where none of `experts` adapts
/// it. The experts must have passed check_mergeable, and fit one base. Nothing of size experts x out x in exists.
at::Tensor merged_update(MergeRule rule, std::span<const LoraMap* const> experts, const std::string& linear,
                         at::Device device);  // [out, in]

}  // namespace phatgoose
