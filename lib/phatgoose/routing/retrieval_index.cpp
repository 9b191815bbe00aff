#include "phatgoose/routing/retrieval_index.h"

#include <ATen/ATen.h>

#include <limits>

#include "phatgoose/base/error.h"
#include "phatgoose/nn/tensor_bridge.h"

namespace phatgoose {

RetrievalIndex::RetrievalIndex(std::span<const StoredEmbeddings> experts)
    : experts_(static_cast<std::int64_t>(experts.size())) {
  std::vector<at::Tensor> parts;
  for (std::size_t e = 0; e < experts.size(); ++e) {
    const StoredEmbeddings& stored = experts[e];
    if (stored.encoder_fingerprint != experts.front().encoder_fingerprint ||
        stored.embeddings.shape[1] != experts.front().embeddings.shape[1]) {
      fail(ExitCode::bad_data, {.where = "retrieval",
                                .found = "embeddings of " + stored.encoder_name + " with " +
                                         std::to_string(stored.embeddings.shape[1]) + " numbers",
                                .expected = "of " + experts.front().encoder_name + " with " +
                                            std::to_string(experts.front().embeddings.shape[1]) + ", as before"});
    }
    parts.push_back(to_tensor(stored.embeddings, at::kCPU, at::kFloat));
    owners_.insert(owners_.end(), static_cast<std::size_t>(stored.embeddings.shape[0]), static_cast<std::int64_t>(e));
  }
  if (!parts.empty()) examples_ = at::cat(parts);
}

std::vector<std::int64_t> RetrievalIndex::nearest_experts(const at::Tensor& queries, std::int64_t excluded) const {
  const at::Tensor cosines = at::mm(queries, examples_.t());  // [n, examples]
  const std::int64_t count = cosines.size(0), examples = cosines.size(1);
  const float* values = cosines.const_data_ptr<float>();
  std::vector<std::int64_t> experts(static_cast<std::size_t>(count), -1);
  for (std::int64_t query = 0; query < count; ++query) {
    float best = -std::numeric_limits<float>::infinity();
    for (std::int64_t i = 0; i < examples; ++i) {
      if (owners_[i] == excluded || !(values[query * examples + i] > best)) continue;
      best = values[query * examples + i];
      experts[query] = owners_[i];
    }
  }
  return experts;
}

at::Tensor RetrievalIndex::row_scores(const at::Tensor& queries, std::int64_t excluded) const {
  const std::vector<std::int64_t> experts = nearest_experts(queries, excluded);
  const auto count = static_cast<std::int64_t>(experts.size());
  at::Tensor scores = at::full({count, experts_}, -std::numeric_limits<float>::infinity());
  float* values = scores.mutable_data_ptr<float>();
  for (std::int64_t query = 0; query < count; ++query) {
    if (experts[query] >= 0) values[query * experts_ + experts[query]] = 0.0F;
  }
  return scores;
}

}  // namespace phatgoose
