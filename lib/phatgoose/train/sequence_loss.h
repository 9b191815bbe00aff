// Cross-entropy of target sequences given their inputs (the loss of METHODS 2), per target token.
#pragma once

#include "phatgoose/nn/t5_model.h"
#include "phatgoose/train/objective.h"

namespace phatgoose {

struct SequenceLossSettings {
  double smoothing = 0.0;  ///< of the labels (cross_entropy_sum)
  bool mean = true;        ///< divided by the number of target tokens; false: the sum itself
};

/// The sum over all target tokens of -log p(token), divided by their number where the settings say nothing else.
class SequenceLoss : public Objective {
 public:
  /// `model` must outlive the objective.
  explicit SequenceLoss(const T5Model& model, const SequenceLossSettings& settings = {})
      : model_(model), settings_(settings) {}

  at::Tensor sum(std::span<const Example> examples, std::span<const std::int64_t> rows,
                 const Dropout* dropout = nullptr) const override;  // []
  double divisor(std::span<const Example> examples) const override;

 private:
  const T5Model& model_;
  SequenceLossSettings settings_;
};

}  // namespace phatgoose
