// Whether stored numbers are numbers.
#pragma once

#include "phatgoose/store/tensor_archive.h"

namespace phatgoose {

bool is_floating(DType dtype);

/// Whether no element of a floating-point tensor is NaN or infinite.
bool all_finite(const TensorView& view);

}  // namespace phatgoose
