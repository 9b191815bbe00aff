// The routers' own scores of tokens, summed by row while a routed model runs.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <span>

#include "phatgoose/nn/packing.h"

namespace phatgoose {

/// Over the tokens of a row and the linears that they pass. What is known of whole inputs is not in these scores.
class ScoreSums {
 public:
  /// `counts`, where given, says of a linear, by its number, whether it counts.
  ScoreSums(std::int64_t rows, std::int64_t experts, std::function<bool(std::int64_t)> counts = {});

  /// Adds the scores of one linear: column c is expert `expert_of_column[c]`.
  void add(std::int64_t linear, const at::Tensor& scores, std::span<const std::int32_t> expert_of_column,
           const Packing& packing);  // scores: [N, columns] on the CPU, fp32

  /// NaN where an expert adapts none of these linears.
  at::Tensor means() const;  // [rows, E] fp32

 private:
  std::function<bool(std::int64_t)> counts_;
  at::Tensor sums_, numbers_;  // [rows, E] fp64
};

}  // namespace phatgoose
