// What stored numbers are, as far as their bits tell.
#pragma once

#include "phatgoose/store/tensor_archive.h"

namespace phatgoose {

bool is_floating(DType dtype);

/// Whether no element of a floating-point tensor is NaN or infinite.
bool all_finite(const TensorView& view);
/// Whether every element of a floating-point tensor is zero.
bool all_zero(const TensorView& view);

}  // namespace phatgoose
