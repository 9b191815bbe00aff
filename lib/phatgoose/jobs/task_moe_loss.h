// The loss of a task-level mixture in training (METHODS 8): around each step, what its passes share.
#pragma once

#include <vector>

#include "phatgoose/task_moe/training_routes.h"
#include "phatgoose/train/sequence_loss.h"

namespace phatgoose {

/// The sum over target tokens with smoothed labels, with TrainingRoutes::begin_step() and end_step() around every step.
class TaskMoeLoss : public Objective {
 public:
  /// `model` and `routes` must outlive the objective.
  TaskMoeLoss(const T5Model& model, TrainingRoutes& routes, double smoothing)
      : loss_(model, {.smoothing = smoothing, .mean = false}), routes_(routes) {}

  at::Tensor sum(std::span<const Example> examples, std::span<const std::int64_t> rows,
                 const Dropout* dropout = nullptr) const override {
    std::vector<std::int64_t> tasks;
    for (const Example& example : examples) tasks.push_back(example.task);
    routes_.use_tasks(tasks);
    return loss_.sum(examples, rows, dropout);
  }
  double divisor(std::span<const Example> examples) const override { return loss_.divisor(examples); }
  void begin_step(std::int64_t step) const override { routes_.begin_step(step); }
  void end_step() const override { routes_.end_step(); }

 private:
  SequenceLoss loss_;
  TrainingRoutes& routes_;
};

}  // namespace phatgoose
