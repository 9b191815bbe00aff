// phatgoose eval: one or more methods on every task of a suite (METHODS 9).
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <variant>

#include "phatgoose/jobs/eval_plan.h"
#include "phatgoose/report/evaluation.h"

namespace phatgoose {

/// What phatgoose eval has to show: the methods' scores; of a shard, which has none, the directory.
using EvalProduct = std::variant<Evaluation, fs::path>;

/// Evaluates every method of the plan, the base's weights, the data and their tokens being loaded once, and writes for
/// each: results.json, samples.jsonl, routing.safetensors for a routed model that weights experts, and the manifest
/// last; for several methods then comparison.json. Returns their results, and after those of several single experts the
/// reference rows. A shard of an evaluation is written as write_shard() does. Nothing when a signal asked to stop, in
/// which case what was answered is kept and the same plan continues behind it. What is finished is only read.
std::optional<EvalProduct> evaluate(const EvalPlan& plan, at::Device device, at::ScalarType dtype);

}  // namespace phatgoose
