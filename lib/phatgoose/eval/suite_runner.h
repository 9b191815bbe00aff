// phatgoose eval: one or more methods on every task of a suite (METHODS 9).
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <vector>

#include "phatgoose/report/comparison.h"
#include "phatgoose/settings/eval.h"

namespace phatgoose {

struct Evaluation {
  std::vector<MethodResult> methods;
  std::optional<Comparison> comparison;  ///< of several methods
  Json results;                          ///< results.json of the first

  std::string table() const;
  Json json() const;  ///< comparison.json of several methods, results.json of one
};

/// Evaluates every method that `settings` names (methods_of), the base's weights, the data and their tokens being
/// loaded once, and writes for each: results.json, samples.jsonl, routing.safetensors for a routed model that weights
/// experts, and the manifest last; for several methods then comparison.json in settings.out. Returns their results, and
/// after those of several single experts the reference rows. Nothing when a signal asked to stop, in which case the
/// finished tasks are kept and the same command continues after them. What is finished is only read. Something else in
/// a directory, or other settings than a run was begun with: usage error.
std::optional<Evaluation> evaluate_suite(EvalSettings settings, at::Device device, at::ScalarType dtype);

}  // namespace phatgoose
