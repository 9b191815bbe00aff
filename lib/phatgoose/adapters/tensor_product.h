// Vectors made of small leaves (METHODS 6, TLoRA): tensor products, normalised.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace phatgoose {

/// The vectors of `leaves` [M, O, X, R, q], order O = 2: LN(l1 x l2), or 4: LN(l1 x l2) x LN(l3 x l4), cut to `length`
/// <= q^O entries; the first leaf has the slowest index. LN (eps 1e-5) takes mean and variance over the R rows and all
/// q^2 entries of each of the M X products together, before they are cut. Nothing longer than max(q^2, length + q^2)
/// exists. Differentiable.
at::Tensor tensor_product_vectors(const at::Tensor& leaves, std::int64_t length);  // [M, X, R, length]

}  // namespace phatgoose
