// What phatgoose eval computes, on the CPU in fp32.
#pragma once

#include <optional>

#include "phatgoose/eval/suite_runner.h"

namespace phatgoose::test {

inline std::optional<Evaluation> evaluate(const EvalSettings& settings) {
  return evaluate_suite(settings, at::kCPU, at::kFloat);
}

}  // namespace phatgoose::test
