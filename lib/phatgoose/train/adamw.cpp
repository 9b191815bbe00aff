#include "phatgoose/train/adamw.h"

#include <ATen/ATen.h>

namespace phatgoose {

AdamW::AdamW(std::vector<Parameter> parameters, const AdamWSettings& settings)
    : Optimizer(std::move(parameters)), settings_(settings) {
  for (const Parameter& parameter : this->parameters()) {
    first_moments_.push_back(at::zeros_like(parameter.value()));
    second_moments_.push_back(at::zeros_like(parameter.value()));
  }
}

void AdamW::apply(const Groups& groups, double lr) {
  for (const auto& [group, members] : groups) {
    std::vector<at::Tensor> values, gradients, first_moments, second_moments, steps;
    for (const std::size_t i : members) {
      const Parameter& parameter = parameters()[i];
      values.push_back(parameter.value());
      gradients.push_back(parameter.gradient());
      first_moments.push_back(first_moments_[i]);
      second_moments.push_back(second_moments_[i]);
      steps.push_back(at::full({}, static_cast<double>(updates()), parameter.leaf.options().requires_grad(false)));
    }
    at::_fused_adamw_(values, gradients, first_moments, second_moments, {}, steps, lr * group.lr_scale, settings_.beta1,
                      settings_.beta2, group.decays ? settings_.weight_decay : 0.0, settings_.epsilon,
                      /*amsgrad=*/false, /*maximize=*/false);
  }
}

std::vector<std::pair<std::string, at::Tensor>> AdamW::state() const {
  std::vector<std::pair<std::string, at::Tensor>> tensors;
  for (std::size_t i = 0; i < first_moments_.size(); ++i) {
    tensors.emplace_back("first_moment." + parameters()[i].name, first_moments_[i]);
    tensors.emplace_back("second_moment." + parameters()[i].name, second_moments_[i]);
  }
  return tensors;
}

}  // namespace phatgoose
