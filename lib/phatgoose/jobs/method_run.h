// One method of an evaluation answers its tasks.
#pragma once

#include <memory>
#include <optional>
#include <string>
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
  RoutedModel* routed;                        ///< null where nothing is routed
  std::unique_ptr<InputRouting> inputs = {};  ///< for a router that looks at whole inputs

  bool has_weights() const { return routed != nullptr && routed->has_weights(); }
};

/// What a method's sentence encoder gets of a row, by its number among the task's; empty where it has none. A row
/// without a description that the method needs: bad_data.
std::string routing_text(const EvalMethod& method, const TaskRows& task, std::int64_t row);

/// Answers what is missing of every task (of the plan's shard), with its part of `partial`, pass by pass, and saves it
/// from time to time. `cache`: encoder states, or null. False: a signal asked to stop; what was answered is saved.
bool answer_tasks(LoadedMethod& loaded, const EvalTasks& tasks, std::vector<PartialTask>& partial, const EvalPlan& plan,
                  EncoderCache* cache);

}  // namespace phatgoose
