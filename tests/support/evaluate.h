// What phatgoose eval computes, on the CPU in fp32.
#pragma once

#include <optional>

#include "phatgoose/jobs/eval_job.h"

namespace phatgoose::test {

inline std::optional<Evaluation> evaluate(const EvalSettings& settings) {
  std::optional<EvalProduct> product = evaluate(plan_evaluation(settings), at::kCPU, at::kFloat);
  if (!product) return std::nullopt;
  return std::get<Evaluation>(*std::move(product));
}

}  // namespace phatgoose::test
