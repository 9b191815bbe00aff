// What phatgoose eval computes, on the CPU in fp32.
#pragma once

#include <optional>

#include "phatgoose/jobs/eval_job.h"

namespace phatgoose::test {

inline std::optional<Evaluation> evaluate(const EvalSettings& settings) {
  return evaluate(plan_evaluation(settings), at::kCPU, at::kFloat);
}

}  // namespace phatgoose::test
