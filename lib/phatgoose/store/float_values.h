// Stored floating-point numbers as floats, for what is computed without LibTorch.
#pragma once

#include <vector>

#include "phatgoose/store/tensor_archive.h"

namespace phatgoose {

/// All elements of a floating-point tensor in their stored order; F64 is rounded.
std::vector<float> float_values(const TensorView& view);

/// Whether two tensors have the same shape and hold the same numbers: bit for bit where their types are the same.
bool equal_values(const TensorView& x, const TensorView& y);

/// The transpose of a floating-point matrix: [rows, columns] -> [columns, rows].
std::vector<float> transposed_values(const TensorView& matrix);

}  // namespace phatgoose
