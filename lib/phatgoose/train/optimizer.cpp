#include "phatgoose/train/optimizer.h"

#include <ATen/ATen.h>

#include <map>

namespace phatgoose {

namespace {

at::Tensor rows_of(const Parameter& parameter, const at::Tensor& whole) {
  return parameter.rows == 0 ? whole : whole.narrow(0, parameter.first_row, parameter.rows);
}

/// What one fused kernel call works on.
struct UpdateLists {
  std::vector<at::Tensor> values, gradients, first_moments, second_moments, steps;
};

}  // namespace

at::Tensor Parameter::value() const { return rows_of(*this, leaf.detach()); }

at::Tensor Parameter::gradient() const { return rows_of(*this, leaf.grad()); }

AdamW::AdamW(std::vector<Parameter> parameters, const AdamWSettings& settings)
    : parameters_(std::move(parameters)), settings_(settings) {
  for (const Parameter& parameter : parameters_) {
    first_moments_.push_back(at::zeros_like(parameter.value()));
    second_moments_.push_back(at::zeros_like(parameter.value()));
  }
}

void AdamW::zero_gradients() {
  for (Parameter& parameter : parameters_) {
    at::Tensor& gradient = parameter.leaf.mutable_grad();
    if (!gradient.defined()) {
      gradient = at::zeros_like(parameter.leaf.detach());
    } else {
      gradient.zero_();
    }
  }
}

double AdamW::clip_gradients(double max_norm) {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> gradients;
  for (const Parameter& parameter : parameters_) gradients.push_back(parameter.gradient());
  const at::Tensor norm = at::linalg_vector_norm(at::stack(at::_foreach_norm(gradients)), 2);  // []
  if (max_norm > 0) {
    // The 1e-6 is that of torch.nn.utils.clip_grad_norm_.
    at::_foreach_mul_(gradients, (max_norm / (norm + 1e-6)).clamp_max(1.0));
  }
  return norm.item<double>();
}

void AdamW::update(double lr) {
  const at::NoGradGuard no_grad;
  ++updates_;
  std::map<double, UpdateLists> by_scale;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const Parameter& parameter = parameters_[i];
    UpdateLists& lists = by_scale[parameter.lr_scale];
    lists.values.push_back(parameter.value());
    lists.gradients.push_back(parameter.gradient());
    lists.first_moments.push_back(first_moments_[i]);
    lists.second_moments.push_back(second_moments_[i]);
    lists.steps.push_back(at::full({}, static_cast<double>(updates_), parameter.leaf.options().requires_grad(false)));
  }
  for (auto& [scale, lists] : by_scale) {
    at::_fused_adamw_(lists.values, lists.gradients, lists.first_moments, lists.second_moments, {}, lists.steps,
                      lr * scale, settings_.beta1, settings_.beta2, settings_.weight_decay, settings_.epsilon,
                      /*amsgrad=*/false, /*maximize=*/false);
  }
}

std::vector<std::pair<std::string, at::Tensor>> AdamW::moments() const {
  std::vector<std::pair<std::string, at::Tensor>> result;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    result.emplace_back("first_moment." + parameters_[i].name, first_moments_[i]);
    result.emplace_back("second_moment." + parameters_[i].name, second_moments_[i]);
  }
  return result;
}

}  // namespace phatgoose
