// Retrieval routing (METHODS 4): a whole input goes to the expert that owns the nearest stored example.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "phatgoose/routing/input_scorer.h"
#include "phatgoose/store/stored_embeddings.h"

namespace phatgoose {

class RetrievalIndex : public InputScorer {
 public:
  /// One entry for each expert, in order; all of one encoder: bad_data otherwise.
  explicit RetrievalIndex(std::span<const StoredEmbeddings> experts);

  const RequiredEncoder& encoder() const override { return encoder_; }
  /// 0 for the expert that owns the nearest example, -infinity for all others.
  at::Tensor scores(const at::Tensor& queries, std::int64_t excluded) const override;  // [n, D] -> [n, E]
  /// The expert of the stored example with the largest cosine, for every query; ties: the lower expert. `excluded` owns
  /// nothing; -1: all do. No example left: -1.
  std::vector<std::int64_t> nearest_experts(const at::Tensor& queries, std::int64_t excluded = -1) const;  // [n, D]

 private:
  /// For one query [D], whose cosines with all examples are known to fp32; those that it cannot tell apart are looked
  /// at in fp64.
  std::int64_t nearest_expert(const float* query, const float* cosines, std::int64_t excluded) const;

  RequiredEncoder encoder_;
  at::Tensor examples_;               // [all examples, D] fp32, each of length 1
  std::vector<std::int64_t> owners_;  // expert of each example
  std::int64_t experts_ = 0;
};

/// Of the embeddings that the router needs of each expert.
std::unique_ptr<InputScorer> make_retrieval_index(const RouterKind& kind, std::span<const ExpertDirectory> experts);

}  // namespace phatgoose
