// Stored floating-point numbers: what they are, and their values for what is computed without LibTorch.
#pragma once

#include <vector>

#include "phatgoose/store/tensor_archive.h"

namespace phatgoose {

bool is_floating(DType dtype);

/// Whether no element of a floating-point tensor is NaN or infinite.
bool all_finite(const TensorView& view);
/// Whether every element of a floating-point tensor is zero.
bool all_zero(const TensorView& view);

/// All elements of a floating-point tensor in their stored order; F64 is rounded.
std::vector<float> float_values(const TensorView& view);

/// Whether two tensors have the same shape and hold the same numbers: bit for bit where their types are the same.
bool equal_values(const TensorView& x, const TensorView& y);

/// The transpose of a floating-point matrix: [rows, columns] -> [columns, rows].
std::vector<float> transposed_values(const TensorView& matrix);

}  // namespace phatgoose
