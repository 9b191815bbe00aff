// Cross-entropy of target sequences given their inputs (the loss of METHODS 2), per target token.
#pragma once

#include "phatgoose/nn/t5_model.h"
#include "phatgoose/train/objective.h"

namespace phatgoose {

/// The sum over all target tokens of -log p(token), divided by their number.
class SequenceLoss : public Objective {
 public:
  /// `model` must outlive the objective.
  explicit SequenceLoss(const T5Model& model) : model_(model) {}

  at::Tensor sum(std::span<const Example> examples, std::span<const std::int64_t> rows,
                 const Dropout* dropout = nullptr) const override;  // []
  double divisor(std::span<const Example> examples) const override;

 private:
  const T5Model& model_;
};

}  // namespace phatgoose
