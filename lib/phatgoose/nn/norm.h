// T5's norm: RMSNorm without mean subtraction or bias (METHODS: base model).
#pragma once

#include <ATen/core/Tensor.h>

#include "phatgoose/nn/shapes.h"

namespace phatgoose {

/// x / sqrt(mean(x^2) + epsilon) * weight over the last dimension, the statistics in fp32.
/// x [N, D], weight [D]; differentiable with respect to both.
at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double epsilon);  // [N, D]

}  // namespace phatgoose
