// The feed-forward nonlinearities of T5 (METHODS: base model).
#pragma once

#include <ATen/core/Tensor.h>

#include "phatgoose/nn/shapes.h"
#include "phatgoose/store/t5_config.h"

namespace phatgoose {

/// gated_gelu: h [N, 2F] = (wi_0 x, wi_1 x) -> gelu_tanh(first half) * second half [N, F];
/// relu: h [N, F] -> max(h, 0) [N, F]. Differentiable.
at::Tensor feed_forward_activation(const at::Tensor& h, FeedForwardKind kind);

}  // namespace phatgoose
