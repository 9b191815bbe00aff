// The pieces of work that are measured, each on random rows of given lengths.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "phatgoose/adapters/expert_parameters.h"
#include "phatgoose/bench/flops.h"
#include "phatgoose/data/records.h"
#include "phatgoose/eval/rank_scorer.h"
#include "phatgoose/nn/t5_model.h"
#include "phatgoose/store/modular_method.h"
#include "phatgoose/train/adamw.h"
#include "phatgoose/train/objective.h"

namespace phatgoose {

/// `count` lengths evenly spread from `shortest` to `longest`.
std::vector<std::int64_t> spread_lengths(std::int64_t shortest, std::int64_t longest, std::int64_t count);

/// Rows of random ids.
std::vector<Example> random_examples(const RowLengths& lengths, std::int64_t vocab_size, std::uint64_t seed);
std::vector<Question> random_questions(const RowLengths& lengths, std::int64_t vocab_size, std::uint64_t seed);

/// Row i becomes one of task i modulo `tasks`.
void spread_over_tasks(std::vector<Example>& examples, std::int64_t tasks);

/// Encoder, decoder and the logits of all target positions, without gradients.
void run_forward(const T5Model& model, std::span<const Example> examples);

/// A training step of one pass: forward, backward, clipping, AdamW.
class TrainingStep {
 public:
  enum class What { lora, gates };

  /// Puts a new expert of `rank` on the model; the destructor takes it off.
  TrainingStep(T5Model& model, What what, std::int64_t rank, std::uint64_t seed);
  /// Puts a new modular adapter of `tasks` tasks on the model, of which everything is trained.
  TrainingStep(T5Model& model, const ModularShape& shape, std::int64_t tasks, std::uint64_t seed);
  ~TrainingStep();
  TrainingStep(const TrainingStep&) = delete;
  TrainingStep& operator=(const TrainingStep&) = delete;

  void run(const std::vector<Example>& examples);

 private:
  T5Model& model_;
  std::unique_ptr<AdapterSet> adapters_;
  std::unique_ptr<Objective> objective_;
  AdamW optimizer_;
};

}  // namespace phatgoose
