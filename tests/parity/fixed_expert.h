// An expert made of fixed numbers: what this toolkit writes of it is committed as tests/golden/written_here/adapter.
#pragma once

#include <ATen/ATen.h>

#include "phatgoose/adapters/expert_parameters.h"

namespace phatgoose::parity {

constexpr const char* kFixedExpertBase = "t5_v1_1";

/// Multiples of 1/2048 in (-0.1, 0.1): the same bits on every machine.
inline void fill_with_fixed_numbers(at::Tensor tensor, std::int64_t salt) {
  const auto count = at::arange(tensor.numel(), at::kLong);
  tensor.copy_((((count * 7919 + salt * 104729) % 401 - 200).to(at::kFloat) / 2048).view(tensor.sizes()));
}

/// Rank 3 on every linear.
inline ExpertParameters fixed_expert(const std::vector<LinearGroupSpec>& groups) {
  auto expert = ExpertParameters::initial(groups, 3, 0, at::kCPU);
  std::int64_t salt = 0;
  for (const auto& group : expert.groups()) {
    fill_with_fixed_numbers(group->a, ++salt);
    fill_with_fixed_numbers(group->b, ++salt);
  }
  return expert;
}

}  // namespace phatgoose::parity
