// The loss of a modular multi-task adapter in training: around each step, what its passes share.
#pragma once

#include <cstdint>
#include <memory>

#include "phatgoose/adapters/modular_parameters.h"
#include "phatgoose/train/objective.h"

namespace phatgoose {

/// Another objective, with ModularParameters::begin_step() and end_step() around every step.
class ModularLoss : public Objective {
 public:
  /// `adapters` must outlive the objective. With `noise` the rows of a step draw their weights, named by `seed`.
  ModularLoss(std::unique_ptr<Objective> loss, const ModularParameters& adapters, bool noise, std::uint64_t seed)
      : loss_(std::move(loss)), adapters_(adapters), noise_(noise), seed_(seed) {}

  at::Tensor sum(std::span<const Example> examples, std::span<const std::int64_t> rows,
                 const Dropout* dropout = nullptr) const override {
    return loss_->sum(examples, rows, dropout);
  }
  double divisor(std::span<const Example> examples) const override { return loss_->divisor(examples); }
  void begin_step(std::int64_t step) const override {
    adapters_.begin_step(seed_, static_cast<std::uint64_t>(step), noise_);
  }
  void end_step() const override { adapters_.end_step(); }

 private:
  std::unique_ptr<Objective> loss_;
  const ModularParameters& adapters_;
  bool noise_;
  std::uint64_t seed_;
};

}  // namespace phatgoose
