// AdamW (Loshchilov & Hutter 2019).
#pragma once

#include "phatgoose/train/optimizer.h"

namespace phatgoose {

struct AdamWSettings {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0.0;
};

class AdamW : public Optimizer {
 public:
  AdamW(std::vector<Parameter> parameters, const AdamWSettings& settings);

  /// "first_moment.NAME" and "second_moment.NAME" of every parameter; the bias corrections follow from updates().
  std::vector<std::pair<std::string, at::Tensor>> state() const override;

 private:
  void apply(const Groups& groups, double lr) override;

  std::vector<at::Tensor> first_moments_, second_moments_;
  AdamWSettings settings_;
};

}  // namespace phatgoose
