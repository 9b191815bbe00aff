// The low-rank updates of one linear group as a single differentiable operation.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>

#include "phatgoose/adapters/lora.h"

namespace phatgoose {

/// y + c B A u for every member of `layout`, in its columns; with gates `v`, each update is multiplied by
/// sigmoid(v . u). Works in place on y. The factors lie as in LoraParameters, and may be leaves or computed from
/// others: the gradients go on to those. They are cast to u's dtype; scores and sigmoid are fp32 (fp64 for fp64
/// inputs).
///
/// Gradients, with g the gradient of a member's columns, h = A u, s = sigmoid(v . u) (s = 1 without gate), t = B^T g:
///   dB = c g^T (s h)    dA = (c s t)^T u    dv = (c s (1 - s) (h . t))^T u    du = A^T (c s t) + c s (1 - s) (h . t) v
/// Only those are computed that something needs.
at::Tensor add_lora(const at::Tensor& u, const at::Tensor& y, const at::Tensor& a, const at::Tensor& b,
                    const std::optional<at::Tensor>& v,
                    std::shared_ptr<const LoraLayout> layout);  // [N, in], [N, G] -> [N, G]

/// The same with the tensors of one group, and its gates only where `gated`.
at::Tensor add_lora(const at::Tensor& u, const at::Tensor& y, const std::shared_ptr<const LoraParameters>& parameters,
                    bool gated);  // [N, in], [N, G] -> [N, G]

}  // namespace phatgoose
