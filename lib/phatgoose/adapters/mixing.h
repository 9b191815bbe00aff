// How the skills of a task are weighted (METHODS 7, Poly).
#pragma once

#include <ATen/core/Tensor.h>

namespace phatgoose {

/// w = z / (sum_s z_s + 1e-12) over the last axis with z = sigmoid(logits). Differentiable.
at::Tensor mixing_weights(const at::Tensor& logits);  // [..., S] -> [..., S]

/// The logits of a relaxed Bernoulli of temperature 1: logits + log(u / (1 - u)), where `uniform` holds u in (0, 1).
at::Tensor relaxed_bernoulli_logits(const at::Tensor& logits, const at::Tensor& uniform);  // [..., S]

}  // namespace phatgoose
