#include "phatgoose/train/optimizer.h"

#include <ATen/ATen.h>

namespace phatgoose {

namespace {

at::Tensor rows_of(const Parameter& parameter, const at::Tensor& whole) {
  return parameter.rows == 0 ? whole : whole.narrow(0, parameter.first_row, parameter.rows);
}

}  // namespace

at::Tensor Parameter::value() const { return rows_of(*this, leaf.detach()); }

at::Tensor Parameter::gradient() const { return rows_of(*this, leaf.grad()); }

Optimizer::Optimizer(std::vector<Parameter> parameters) : parameters_(std::move(parameters)) {
  for (std::size_t i = 0; i < parameters_.size(); ++i)
    groups_[{parameters_[i].lr_scale, parameters_[i].decays}].push_back(i);
}

void Optimizer::zero_gradients() {
  for (Parameter& parameter : parameters_) {
    at::Tensor& gradient = parameter.leaf.mutable_grad();
    if (!gradient.defined()) {
      gradient = at::zeros_like(parameter.leaf.detach());
    } else {
      gradient.zero_();
    }
  }
}

double Optimizer::clip_gradients(double max_norm) {
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

void Optimizer::update(double lr) {
  const at::NoGradGuard no_grad;
  ++updates_;
  apply(groups_, lr);
}

}  // namespace phatgoose
