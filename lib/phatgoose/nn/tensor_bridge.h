// Between stored tensors (bytes in a mapped file) and at::Tensor.
#pragma once

#include <ATen/core/Tensor.h>

#include "phatgoose/store/safetensors.h"

namespace phatgoose {

/// A copy of `view` on `device` in `dtype`.
at::Tensor to_tensor(const TensorView& view, at::Device device, at::ScalarType dtype);
/// Copies `view` into an existing tensor of the same shape, converting the dtype; no temporary of the whole size.
void copy_into(at::Tensor target, const TensorView& view);
/// A view on a contiguous CPU tensor, for writing. The tensor must stay alive.
NamedTensor to_named(std::string name, const at::Tensor& tensor);
Shape shape_of(const at::Tensor& tensor);

}  // namespace phatgoose
