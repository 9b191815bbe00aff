#include "phatgoose/adapters/tensor_product.h"

#include <ATen/ATen.h>

namespace phatgoose {
namespace {

constexpr double kEpsilon = 1e-5;

at::Tensor tensor_product(const at::Tensor& left, const at::Tensor& right) {
  return (left.unsqueeze(-1) * right.unsqueeze(-2)).flatten(-2);  // [M, X, R, l], [M, X, R, r] -> [M, X, R, l r]
}

/// LN(l_o x l_{o + 1}).
at::Tensor normalised_pair(const at::Tensor& leaves, std::int64_t o) {
  const at::Tensor product = tensor_product(leaves.select(1, o), leaves.select(1, o + 1));  // [M, X, R, q^2]
  return at::layer_norm(product, product.sizes().slice(2), {}, {}, kEpsilon);
}

}  // namespace

at::Tensor tensor_product_vectors(const at::Tensor& leaves, std::int64_t length) {
  at::Tensor vectors = normalised_pair(leaves, 0);
  if (leaves.size(1) == 4) {
    const at::Tensor fast = normalised_pair(leaves, 2);
    const std::int64_t needed = (length + fast.size(-1) - 1) / fast.size(-1);
    vectors = tensor_product(vectors.narrow(-1, 0, needed), fast);
  }
  return vectors.narrow(-1, 0, length);
}

}  // namespace phatgoose
