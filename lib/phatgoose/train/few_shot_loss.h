// The T-Few loss (Liu et al. 2022, arXiv 2205.05638; METHODS 2): language modelling of the right choice, the choice
// itself, and the unlikelihood of the wrong ones.
#pragma once

#include "phatgoose/nn/t5_model.h"
#include "phatgoose/train/objective.h"

namespace phatgoose {

/// The sum of the three terms (few_shot_terms.h), each a mean over the step. It needs examples that were read with
/// their choices; those that have none count in the first term only, by their targets. Every input is encoded once, and
/// its choices are decoded together; no more logits than one chunk of nn/loss.h are held.
class FewShotLoss : public Objective {
 public:
  /// `model` must outlive the objective.
  explicit FewShotLoss(const T5Model& model) : model_(model) {}

  at::Tensor sum(std::span<const Example> examples, std::span<const std::int64_t> rows,
                 const Dropout* dropout = nullptr) const override;  // []
  /// 1: the shares of the rows are divided by what their terms are means over.
  double divisor(std::span<const Example> examples) const override;

 private:
  const T5Model& model_;
};

}  // namespace phatgoose
