// Rotary positions (Su et al. 2021, arXiv 2104.09864, section 3.2.2), halves of a head paired as NomicBERT does.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace phatgoose {

/// Elements i and i + K/2 of a head are turned by the angle place * base^(-2 i / K), so that the product of a query and
/// a key depends on how far apart their places are.
class RotaryPositions {
 public:
  /// `places`: of the tokens in their rows, [N] int64 on the CPU; `head_size`: K, even.
  RotaryPositions(const at::Tensor& places, std::int64_t head_size, double base, at::Device device);

  /// Turns the queries and the keys in place; `qkv` [N, 3 H K] is contiguous.
  void turn(const at::Tensor& qkv) const;

 private:
  at::Tensor cosines_, sines_;  ///< [N, 1, 1, K/2]
};

}  // namespace phatgoose
