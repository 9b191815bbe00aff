// phatgoose eval: one or more methods on every task of a suite (METHODS 9).
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>
#include <vector>

#include "phatgoose/jobs/eval_plan.h"
#include "phatgoose/report/comparison.h"

namespace phatgoose {

struct Evaluation {
  std::vector<MethodResult> methods;
  std::optional<Comparison> comparison;  ///< of several methods
  Json results;                          ///< results.json of the first
  std::string note;                      ///< below the table: tasks of the suite that have no data

  std::string table() const;
  Json json() const;  ///< comparison.json of several methods, results.json of one
};

/// Evaluates every method of the plan, the base's weights, the data and their tokens being loaded once, and writes for
/// each: results.json, samples.jsonl, routing.safetensors for a routed model that weights experts, and the manifest
/// last; for several methods then comparison.json. Returns their results, and after those of several single experts the
/// reference rows. Nothing when a signal asked to stop, in which case the finished tasks are kept and the same plan
/// continues after them. What is finished is only read.
std::optional<Evaluation> evaluate(const EvalPlan& plan, at::Device device, at::ScalarType dtype);

}  // namespace phatgoose
