// What training makes small: a sum of losses over the rows of a step, divided by something that counts them. Rows are
// computed in passes of bounded size (data/batching.h).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <span>

#include "phatgoose/data/records.h"
#include "phatgoose/nn/dropout.h"

namespace phatgoose {

/// A loss of examples, on a model that the objective knows.
class Objective {
 public:
  virtual ~Objective() = default;

  /// The sum over the chosen rows, fp32. Differentiable when gradients are enabled. What a row adds does not depend on
  /// the rows that it is computed with; where terms are means over different things, it depends on counts of all
  /// `examples`, and the divisor is 1.
  virtual at::Tensor sum(std::span<const Example> examples, std::span<const std::int64_t> rows,
                         const Dropout* dropout = nullptr) const = 0;  // []
  /// Around the passes of 0-based training step `step`, for what they share; after end_step() the gradients are
  /// complete.
  virtual void begin_step(std::int64_t /*step*/) const {}
  virtual void end_step() const {}

  /// What the sum over all `examples` is divided by, above 0.
  virtual double divisor(std::span<const Example> examples) const = 0;
};

/// The objective's mean over all examples, without dropout and gradients. Nothing when a stop was requested meanwhile.
std::optional<double> mean_loss(const Objective& objective, std::span<const Example> examples,
                                std::int64_t pass_tokens);

}  // namespace phatgoose
