// phatgoose eval: a model on every task of a suite (METHODS 9).
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

#include "phatgoose/base/json.h"
#include "phatgoose/scoring/score.h"
#include "phatgoose/settings/eval.h"

namespace phatgoose {

/// Evaluates, and writes settings.out: results.json, samples.jsonl, routing.safetensors for a routed model, and the
/// manifest last. Returns the scores; nothing when a signal asked to stop, in which case the finished tasks are kept
/// and the same command continues after them. Does nothing but read the scores when the directory is finished.
/// Something else in the directory, or other settings than the run was begun with: usage error.
std::optional<SuiteScore> evaluate_suite(EvalSettings settings, at::Device device, at::ScalarType dtype);

}  // namespace phatgoose
