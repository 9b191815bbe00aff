// Experts of random numbers with everything that any router reads, and forward passes of rows with known experts.
#pragma once

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <numeric>
#include <string>
#include <vector>

#include "phatgoose/adapters/expert_parameters.h"
#include "phatgoose/nn/tensor_bridge.h"
#include "phatgoose/routing/arrow_router.h"
#include "phatgoose/store/router_kinds.h"
#include "phatgoose/store/stored_embeddings.h"
#include "support/scratch_directory.h"

namespace phatgoose::test {

constexpr std::int64_t kEmbeddingSize = 6, kStoredExamples = 4;

/// Rows of length 1.
inline at::Tensor random_unit_rows(std::int64_t rows, std::int64_t size) {
  const at::Tensor values = at::randn({rows, size});
  return values / values.norm(2, 1, true);  // [rows, size]
}

inline void write_vector_file(const fs::path& path, const std::map<std::string, at::Tensor>& vectors) {
  std::vector<NamedTensor> tensors;
  for (const auto& [name, vector] : vectors) tensors.push_back(to_named(name, vector));
  write_safetensors(path, std::move(tensors));
}

/// An expert on every linear, a pure function of the seed: adapter, gates, mean inputs, directions and embeddings.
inline ExpertDirectory write_router_expert(const fs::path& directory, const T5Config& config, std::uint64_t seed,
                                           std::int64_t rank = 2) {
  at::manual_seed(seed);
  make_directories(directory);
  const at::NoGradGuard no_grad;
  ExpertParameters expert = ExpertParameters::initial(linear_groups(config), rank, seed, at::kCPU);
  expert.reset_gates();
  std::map<std::string, at::Tensor> directions, means;
  for (const auto& group : expert.groups()) {
    group->a.normal_(0, 0.4);
    group->b.normal_(0, 0.4);
    group->v.normal_();
    for (const LoraMember& member : group->members) {
      directions[member.path] = arrow_direction(group->a_of(member), group->b_of(member));
      means[member.path] = at::randn({group->a.size(1)});
    }
  }
  expert.save_adapter(directory, "base");
  expert.save_gate(directory);
  write_vector_file(directory / "arrow.safetensors", directions);
  write_vector_file(directory / "average-activation.safetensors", means);
  const ExpertDirectory written = ExpertDirectory::open(directory);
  const at::Tensor embeddings = random_unit_rows(kStoredExamples, kEmbeddingSize);
  for (const RouterKind& kind : router_kinds()) {
    const ExpertNeed* need = kind.need(ExpertNeed::Form::embeddings);
    if (need == nullptr) continue;
    write_embeddings(directory / need->file, to_named("embeddings", embeddings).view, "tiny", "0f1e2d3c",
                     Json({{"adapter", written.adapter_hash()}}).dump());
  }
  return written;
}

/// Several of them in directories of their names, seeds counting from 1.
inline std::vector<ExpertDirectory> write_router_experts(const fs::path& under, const T5Config& config,
                                                         const std::vector<std::string>& names) {
  std::vector<ExpertDirectory> experts;
  for (const std::string& name : names) {
    experts.push_back(write_router_expert(under / name, config, experts.size() + 1));
  }
  return experts;
}

/// The expert's own first stored example, the nearest to itself.
inline at::Tensor embedding_of(const ExpertDirectory& expert) {
  const StoredEmbeddings stored = read_embeddings(expert.path() / "retrieval.safetensors");
  return to_tensor(stored.embeddings, at::kCPU, at::kFloat)[0];  // [D]
}

inline PackedIds packed(const std::vector<TokenIds>& rows, const at::Tensor& row_scores = {}) {
  PackedIds ids = pack_ids(rows, at::kCPU);
  if (row_scores.defined()) ids.rows.expert_scores = row_scores;
  return ids;
}

/// The experts of the tokens of some rows, for a router that asks for them.
struct TokenExperts {
  std::vector<std::vector<std::int32_t>> sources = {}, targets = {};
};

/// Logits of every target given the source of the same number; `row_scores` [rows, E] where a router asks for them.
inline at::Tensor logits_of(const T5Model& model, const std::vector<TokenIds>& sources,
                            const std::vector<TokenIds>& targets, const at::Tensor& row_scores = {},
                            const TokenExperts& experts = {}) {
  const at::NoGradGuard no_grad;
  std::vector<std::int64_t> rows(sources.size());
  std::iota(rows.begin(), rows.end(), 0);
  const auto start = static_cast<TokenId>(model.config().decoder_start_token_id);
  PackedIds inputs = packed(sources, row_scores), outputs = pack_decoder_inputs(targets, start, at::kCPU);
  inputs.rows.token_experts = token_experts_of(experts.sources);
  outputs.rows.token_experts = token_experts_of(experts.targets);
  return model.logits(model.decode(outputs, model.encode(inputs), rows));
}

/// Largest difference of an entry, relative to the largest expected.
inline double largest_difference(const at::Tensor& found, const at::Tensor& expected) {
  const at::Tensor exact = expected.to(at::kDouble);
  return ((found.to(at::kDouble) - exact).abs().max() / exact.abs().max()).item<double>();
}

}  // namespace phatgoose::test
