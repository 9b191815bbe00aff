// Likelihoods over the vocabulary without ever holding [N, V] logits of a whole batch.
#pragma once

#include <ATen/core/Tensor.h>

#include "phatgoose/nn/frozen_linear.h"

namespace phatgoose {

/// Sum over the N positions of -log softmax(hidden head^T)[target], in fp32, computed in chunks of rows.
/// hidden [N, D], head [V, D], targets [N] int64. With `smoothing` e, which smooths the labels, each position counts
/// (1 - e) of that and e / V of the sum over all tokens of their -log softmax. Differentiable with respect to hidden,
/// and to head where it requires grad.
at::Tensor cross_entropy_sum(const at::Tensor& hidden, const FrozenWeight& head, const at::Tensor& targets,
                             double smoothing = 0.0);  // []

/// log softmax(hidden head^T)[target] per position, fp32, in chunks of rows. Differentiable as cross_entropy_sum(); the
/// gradient computes the logits again.
at::Tensor target_log_likelihoods(const at::Tensor& hidden, const FrozenWeight& head,
                                  const at::Tensor& targets);  // [N]

}  // namespace phatgoose
