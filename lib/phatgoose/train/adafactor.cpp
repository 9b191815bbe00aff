#include "phatgoose/train/adafactor.h"

#include <ATen/ATen.h>

#include <cmath>

namespace phatgoose {

namespace {

constexpr double kDecayExponent = -0.8;
constexpr double kSquareEpsilon = 1e-30;  ///< added to every square
constexpr double kLeastScale = 1e-3;      ///< of a parameter, so that one that is zero can move
constexpr double kLargestUpdate = 1.0;    ///< root mean square

/// The root mean square over the whole tensor. A norm has the same bits on any number of threads; a sum has not.
at::Tensor root_mean_square(const at::Tensor& x) {
  return at::linalg_vector_norm(x, 2) / std::sqrt(static_cast<double>(x.numel()));  // []
}

/// mean = decay * mean + (1 - decay) * now
void average_in(const at::Tensor& mean, const at::Tensor& now, double decay) { mean.mul_(decay).add_(now, 1 - decay); }

/// 1 / sqrt of the squares that the means of their rows and columns stand for: row mean * column mean / mean of all.
at::Tensor inverse_roots(const at::Tensor& rows, const at::Tensor& columns) {                   // [..., m], [..., n]
  const at::Tensor row_part = (rows / rows.mean(-1, /*keepdim=*/true)).rsqrt_().unsqueeze(-1);  // [..., m, 1]
  return row_part * columns.unsqueeze(-2).rsqrt();                                              // [..., m, n]
}

}  // namespace

Adafactor::Adafactor(std::vector<Parameter> parameters, const AdafactorSettings& settings)
    : Optimizer(std::move(parameters)), settings_(settings) {
  for (const Parameter& parameter : this->parameters()) {
    const at::Tensor value = parameter.value();
    if (value.dim() < 2) {
      squares_.push_back({.rows = {}, .columns = {}, .all = at::zeros_like(value)});
    } else {
      squares_.push_back(
          {.rows = at::zeros_like(value.select(-1, 0)), .columns = at::zeros_like(value.select(-2, 0)), .all = {}});
    }
  }
}

void Adafactor::apply(const Groups& groups, double lr) {
  for (const auto& [group, members] : groups) {
    for (const std::size_t i : members) step(parameters()[i], squares_[i], lr * group.lr_scale);
  }
}

void Adafactor::step(const Parameter& parameter, const Squares& squares, double lr) const {
  const at::Tensor value = parameter.value(), gradient = parameter.gradient();
  const double decay = 1 - std::pow(static_cast<double>(updates()), kDecayExponent);
  const at::Tensor square = gradient.square() + kSquareEpsilon;
  at::Tensor update;
  if (squares.all.defined()) {
    average_in(squares.all, square, decay);
    update = squares.all.rsqrt();
  } else {
    average_in(squares.rows, square.mean(-1), decay);
    average_in(squares.columns, square.mean(-2), decay);
    update = inverse_roots(squares.rows, squares.columns);
  }
  update.mul_(gradient);
  update.div_((root_mean_square(update) / kLargestUpdate).clamp_min_(1.0));
  at::Tensor rate = at::full({}, lr, value.options());  // []
  if (settings_.scale_parameter) rate.mul_(root_mean_square(value).clamp_min_(kLeastScale));
  if (settings_.weight_decay != 0 && parameter.decays) value.sub_(value * rate, settings_.weight_decay);
  value.sub_(update.mul_(rate));
}

std::vector<std::pair<std::string, at::Tensor>> Adafactor::state() const {
  std::vector<std::pair<std::string, at::Tensor>> tensors;
  for (std::size_t i = 0; i < squares_.size(); ++i) {
    const std::string& name = parameters()[i].name;
    if (squares_[i].all.defined()) {
      tensors.emplace_back("square_mean." + name, squares_[i].all);
    } else {
      tensors.emplace_back("row_mean." + name, squares_[i].rows);
      tensors.emplace_back("column_mean." + name, squares_[i].columns);
    }
  }
  return tensors;
}

}  // namespace phatgoose
