// Adafactor (Shazeer & Stern 2018) with learning rates from outside and without a first moment: what
// `transformers.optimization.Adafactor` does with relative_step=False (METHODS 2).
#pragma once

#include "phatgoose/train/optimizer.h"

namespace phatgoose {

struct AdafactorSettings {
  bool scale_parameter = false;  ///< the rate is multiplied by the root mean square of the parameter, 1e-3 at least
  double weight_decay = 0.0;     ///< decoupled: each update first takes rate * weight_decay of the parameter away
};

/// The squares of gradients are averaged with weight 1 - t^-0.8 for the past at update t. From two dimensions on only
/// their means over each of the last two axes are kept; so the shape in which a parameter is stored matters. An update
/// whose root mean square over the whole parameter exceeds 1 is scaled down to 1 before the rate.
class Adafactor : public Optimizer {
 public:
  Adafactor(std::vector<Parameter> parameters, const AdafactorSettings& settings);

  /// Of a parameter [..., m, n]: "row_mean.NAME" [..., m] and "column_mean.NAME" [..., n]; of one with fewer dimensions
  /// "square_mean.NAME", of its shape.
  std::vector<std::pair<std::string, at::Tensor>> state() const override;

 private:
  /// Running means of the squares of one parameter's gradients.
  struct Squares {
    at::Tensor rows, columns;  ///< from two dimensions on
    at::Tensor all;            ///< otherwise
  };

  void apply(const Groups& groups, double lr) override;
  void step(const Parameter& parameter, const Squares& squares, double lr) const;

  std::vector<Squares> squares_;
  AdafactorSettings settings_;
};

}  // namespace phatgoose
