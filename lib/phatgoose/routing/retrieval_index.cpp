#include "phatgoose/routing/retrieval_index.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <limits>

#include "phatgoose/nn/tensor_bridge.h"

namespace phatgoose {
namespace {

constexpr float kNoMatch = -std::numeric_limits<float>::infinity();
constexpr float kRounding = 1e-5F;  // more than an fp32 product of two unit vectors is off

/// In fp64 and always in the same order: equal examples are equally near, wherever they lie.
double exact_product(const float* a, const float* b, std::int64_t size) {
  double sum = 0.0;
  for (std::int64_t i = 0; i < size; ++i) sum += static_cast<double>(a[i]) * b[i];
  return sum;
}

}  // namespace

RetrievalIndex::RetrievalIndex(std::span<const StoredEmbeddings> experts)
    : InputScorer(experts), experts_(std::ssize(experts)) {
  if (experts.empty()) return;
  std::vector<at::Tensor> parts;
  for (std::size_t e = 0; e < experts.size(); ++e) {
    parts.push_back(to_tensor(experts[e].embeddings, at::kCPU, at::kFloat));
    owners_.insert(owners_.end(), static_cast<std::size_t>(parts.back().size(0)), static_cast<std::int64_t>(e));
  }
  examples_ = at::cat(parts);
}

std::vector<std::int64_t> RetrievalIndex::nearest_experts(const at::Tensor& queries, std::int64_t excluded) const {
  const at::Tensor rows = queries.contiguous();            // [n, D]
  const at::Tensor cosines = at::mm(rows, examples_.t());  // [n, examples]
  std::vector<std::int64_t> experts;
  for (std::int64_t query = 0; query < rows.size(0); ++query) {
    experts.push_back(nearest_expert(rows.const_data_ptr<float>() + query * rows.size(1),
                                     cosines.const_data_ptr<float>() + query * cosines.size(1), excluded));
  }
  return experts;
}

std::int64_t RetrievalIndex::nearest_expert(const float* query, const float* cosines, std::int64_t excluded) const {
  const std::int64_t examples = examples_.size(0), size = examples_.size(1);
  float largest = kNoMatch;
  for (std::int64_t i = 0; i < examples; ++i) {
    if (owners_[i] != excluded) largest = std::max(largest, cosines[i]);
  }
  std::int64_t nearest = -1;
  double best = kNoMatch;
  for (std::int64_t i = 0; i < examples; ++i) {
    if (owners_[i] == excluded || cosines[i] < largest - kRounding) continue;
    const double cosine = exact_product(query, examples_.const_data_ptr<float>() + i * size, size);
    if (!(cosine > best)) continue;
    best = cosine;
    nearest = owners_[i];
  }
  return nearest;
}

at::Tensor RetrievalIndex::scores(const at::Tensor& queries, std::int64_t excluded) const {
  const std::vector<std::int64_t> experts = nearest_experts(queries, excluded);
  const auto count = static_cast<std::int64_t>(experts.size());
  at::Tensor scores = at::full({count, experts_}, kNoMatch);
  float* values = scores.mutable_data_ptr<float>();
  for (std::int64_t query = 0; query < count; ++query) {
    if (experts[query] >= 0) values[query * experts_ + experts[query]] = 0.0F;
  }
  return scores;
}

}  // namespace phatgoose
