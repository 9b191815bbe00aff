// `phatgoose adapt`: few-shot adaptation to new tasks (METHODS 7, stage 2), and zero-shot what it begins with.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

#include "phatgoose/report/few_shot_summary.h"
#include "phatgoose/settings/adapt.h"

namespace phatgoose {

struct Adapted {
  std::optional<FewShotSummary> summary;  ///< where a suite scores what was adapted
};

/// Adapts to every task, number of shots, sample and seed in turn, into OUT/TASK/SHOTS/sample-N/seed-N: train.jsonl,
/// adapted/ (an expert, a modular adapter or a base) and, with a suite, results/ as eval writes them; then
/// OUT/summary.json. Nothing when a signal asked to stop: the same settings continue. What is finished is only read.
std::optional<Adapted> adapt_to_tasks(AdaptSettings settings, at::Device device, at::ScalarType dtype);

}  // namespace phatgoose
