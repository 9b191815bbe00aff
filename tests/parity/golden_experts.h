// The experts of tests/golden/experts: unequal in rank, scale and adapted linears, on the base t5_v1_1.
#pragma once

#include <string>
#include <vector>

#include "golden.h"
#include "phatgoose/store/expert_directory.h"

namespace phatgoose::parity {

inline std::vector<ExpertDirectory> open_golden_experts(const std::vector<std::string>& names) {
  std::vector<ExpertDirectory> experts;
  for (const auto& name : names) experts.push_back(ExpertDirectory::open(golden_path("experts/" + name)));
  return experts;
}

inline std::vector<ExpertDirectory> all_golden_experts() {
  return open_golden_experts({"wide", "attention", "feed_forward", "encoder", "narrow"});
}

}  // namespace phatgoose::parity
