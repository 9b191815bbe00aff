// One method of an evaluation answers its tasks.
#pragma once

#include <optional>
#include <vector>

#include "phatgoose/eval/encoder_cache.h"
#include "phatgoose/eval/input_routing.h"
#include "phatgoose/eval/partial_results.h"
#include "phatgoose/eval/task_answers.h"
#include "phatgoose/jobs/eval_plan.h"
#include "phatgoose/routing/routed_model.h"

namespace phatgoose {

using EvalTasks = std::vector<const TaskRows*>;

/// A method whose experts are on the base.
struct LoadedMethod {
  const EvalMethod& method;
  const T5Model& model;
  const Tokenizer* tokenizer;
  RoutedModel* routed;                                ///< null where nothing is routed
  std::optional<InputRouting> inputs = std::nullopt;  ///< for a router that compares inputs

  bool has_weights() const { return routed != nullptr && routed->has_weights(); }
};

/// Answers what is missing of every task (of the plan's shard), with its part of `partial`, pass by pass, and saves it
/// from time to time. `cache`: encoder states, or null. False: a signal asked to stop; what was answered is saved.
bool answer_tasks(LoadedMethod& loaded, const EvalTasks& tasks, std::vector<PartialTask>& partial, const EvalPlan& plan,
                  EncoderCache* cache);

}  // namespace phatgoose
