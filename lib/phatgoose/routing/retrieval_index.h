// Retrieval routing (METHODS 4): a whole input goes to the expert that owns the nearest stored example.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "phatgoose/routing/input_scorer.h"

namespace phatgoose {

class RetrievalIndex : public InputScorer {
 public:
  explicit RetrievalIndex(std::span<const StoredEmbeddings> experts);

  /// 0 for the expert that owns the nearest example, -infinity for all others.
  at::Tensor scores(const at::Tensor& queries, std::int64_t excluded) const override;  // [n, D] -> [n, E]
  /// The expert of the stored example with the largest cosine, for every query; ties: the lower expert. `excluded` owns
  /// nothing; -1: all do. No example left: -1.
  std::vector<std::int64_t> nearest_experts(const at::Tensor& queries, std::int64_t excluded = -1) const;  // [n, D]

 private:
  /// For one query [D], whose cosines with all examples are known to fp32; those that it cannot tell apart are looked
  /// at in fp64.
  std::int64_t nearest_expert(const float* query, const float* cosines, std::int64_t excluded) const;

  at::Tensor examples_;               // [all examples, D] fp32, each of length 1
  std::vector<std::int64_t> owners_;  // expert of each example
  std::int64_t experts_ = 0;
};

}  // namespace phatgoose
