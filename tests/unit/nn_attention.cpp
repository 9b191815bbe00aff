#include "phatgoose/nn/attention.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <catch2/catch.hpp>

using namespace phatgoose;

namespace {

constexpr std::int64_t kHeads = 3, kSize = 4, kInner = kHeads * kSize;

/// One row at a time, padded nowhere, with plain differentiable operations: the judge.
at::Tensor naive(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& bias) {
  const auto heads_first = [](const at::Tensor& t) { return t.view({t.size(0), kHeads, kSize}).transpose(0, 1); };
  at::Tensor scores = heads_first(q).matmul(heads_first(k).transpose(1, 2));
  if (bias.defined()) scores = scores + bias.slice(1, 0, q.size(0)).slice(2, 0, k.size(0));
  return scores.softmax(-1).matmul(heads_first(v)).transpose(0, 1).reshape({q.size(0), kInner});
}

at::Tensor naive_self(const at::Tensor& qkv, const Packing& packing, const at::Tensor& bias) {
  std::vector<at::Tensor> rows;
  for (std::int64_t i = 0; i < packing.rows(); ++i) {
    const auto parts = qkv.narrow(0, packing.offset(i), packing.length(i)).chunk(3, 1);
    rows.push_back(naive(parts[0], parts[1], parts[2], bias));
  }
  return at::cat(rows);
}

at::Tensor leaf(at::IntArrayRef shape) { return at::randn(shape).requires_grad_(); }

double difference(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); }

}  // namespace

TEST_CASE("rows of equal length that lie together make one run") {
  const Packing packing = Packing::of_lengths(std::vector<std::int64_t>{3, 3, 0, 5, 3});
  const auto runs = self_attention_runs(packing);
  REQUIRE(runs.size() == 3);
  CHECK(runs[0].count == 2);
  CHECK(runs[1].queries == 5);
  CHECK(runs[2].query_begin == 11);
}

TEST_CASE("targets of one source share a run, equal neighbours are joined") {
  const Packing targets = Packing::of_lengths(std::vector<std::int64_t>{2, 1, 3, 3});
  const Packing sources = Packing::of_lengths(std::vector<std::int64_t>{4, 4, 4});
  const std::vector<std::int64_t> source_rows = {0, 0, 1, 2};
  const auto merged = cross_attention_runs(targets, sources, source_rows, true);
  REQUIRE(merged.size() == 1);
  CHECK(merged[0].queries == 3);
  CHECK(merged[0].count == 3);
  CHECK(cross_attention_runs(targets, sources, source_rows, false).size() == 3);
}

TEST_CASE("packed self-attention and its gradients equal the row-by-row computation") {
  at::manual_seed(1);
  // The long row takes the fused kernel in training, equal neighbours take the batched form.
  const Packing packing = Packing::of_lengths(std::vector<std::int64_t>{5, 5, 5, 7, 300, 1});
  const at::Tensor qkv = leaf({packing.tokens(), 3 * kInner});
  for (const bool bias_gradient : {false, true}) {
    at::Tensor bias = at::randn({kHeads, 300, 300});
    bias.masked_fill_(at::ones({300, 300}).triu(1).to(at::kBool), -std::numeric_limits<float>::infinity());
    bias.requires_grad_(bias_gradient);
    const AttentionInputs inputs{self_attention_runs(packing), kHeads, bias};
    const at::Tensor weight = at::randn({packing.tokens(), kInner});

    const at::Tensor expected = naive_self(qkv, packing, bias);
    (expected * weight).sum().backward();
    const at::Tensor expected_gradient = qkv.grad().clone();
    const at::Tensor expected_bias_gradient = bias_gradient ? bias.grad().clone() : at::Tensor();
    qkv.mutable_grad().reset();
    bias.mutable_grad().reset();

    const at::Tensor out = packed_attention(qkv, qkv, kInner, inputs);
    CHECK(difference(out, expected) < 1e-5);
    (out * weight).sum().backward();
    CHECK(difference(qkv.grad(), expected_gradient) < 2e-5);
    if (bias_gradient) CHECK(difference(bias.grad(), expected_bias_gradient) < 2e-5);
    qkv.mutable_grad().reset();

    const at::NoGradGuard no_grad;
    CHECK(difference(packed_attention(qkv, qkv, kInner, inputs), expected) < 1e-5);
  }
}

TEST_CASE("packed cross-attention and its gradients equal the row-by-row computation") {
  at::manual_seed(2);
  const Packing targets = Packing::of_lengths(std::vector<std::int64_t>{2, 3, 1, 4});
  const Packing sources = Packing::of_lengths(std::vector<std::int64_t>{6, 9, 6});
  const std::vector<std::int64_t> source_rows = {0, 0, 1, 2};
  const at::Tensor q = leaf({targets.tokens(), kInner}), kv = leaf({sources.tokens(), 2 * kInner});
  const at::Tensor weight = at::randn({targets.tokens(), kInner});

  std::vector<at::Tensor> rows;
  for (std::int64_t i = 0; i < targets.rows(); ++i) {
    const auto parts = kv.narrow(0, sources.offset(source_rows[i]), sources.length(source_rows[i])).chunk(2, 1);
    rows.push_back(naive(q.narrow(0, targets.offset(i), targets.length(i)), parts[0], parts[1], {}));
  }
  const at::Tensor expected = at::cat(rows);
  (expected * weight).sum().backward();
  const at::Tensor dq = q.grad().clone(), dkv = kv.grad().clone();

  for (const bool merge : {true, false}) {
    q.mutable_grad().reset();
    kv.mutable_grad().reset();
    const AttentionInputs inputs{cross_attention_runs(targets, sources, source_rows, merge), kHeads};
    const at::Tensor out = packed_attention(q, kv, 0, inputs);
    CHECK(difference(out, expected) < 1e-5);
    (out * weight).sum().backward();
    CHECK(difference(q.grad(), dq) < 2e-5);
    CHECK(difference(kv.grad(), dkv) < 2e-5);
  }
}

TEST_CASE("attention dropout multiplies the weights by the noise of its row, and so do the gradients") {
  at::manual_seed(3);
  const Packing packing = Packing::of_lengths(std::vector<std::int64_t>{4, 4, 6});
  const Dropout dropout(0.4, 5, 6, {10, 11, 12});
  const at::Tensor qkv = leaf({packing.tokens(), 3 * kInner});
  const at::Tensor weight = at::randn({packing.tokens(), kInner});
  std::vector<at::Tensor> rows;
  for (std::int64_t i = 0; i < packing.rows(); ++i) {
    const std::int64_t length = packing.length(i);
    const auto parts = qkv.narrow(0, packing.offset(i), length).chunk(3, 1);
    const auto heads_first = [](const at::Tensor& t) { return t.view({t.size(0), kHeads, kSize}).transpose(0, 1); };
    const at::Tensor noise = dropout.attention_multipliers(i, 1, kHeads, length, length, 9)[0];
    const at::Tensor weights = heads_first(parts[0]).matmul(heads_first(parts[1]).transpose(1, 2)).softmax(-1) * noise;
    rows.push_back(weights.matmul(heads_first(parts[2])).transpose(0, 1).reshape({length, kInner}));
  }
  const at::Tensor expected = at::cat(rows);
  (expected * weight).sum().backward();
  const at::Tensor expected_gradient = qkv.grad().clone();
  qkv.mutable_grad().reset();
  const at::Tensor out = packed_attention(qkv, qkv, kInner, {self_attention_runs(packing), kHeads, {}, &dropout}, 9);
  CHECK(difference(out, expected) < 1e-5);
  (out * weight).sum().backward();
  CHECK(difference(qkv.grad(), expected_gradient) < 2e-5);
}

TEST_CASE("keys may lie apart, as those of a cache do that is not full") {
  at::manual_seed(5);
  const std::int64_t rows = 5, known = 3, pitch = 7;
  const at::Tensor qkv = at::randn({rows, 3 * kInner}), cache = at::randn({rows * pitch, 2 * kInner});
  const at::Tensor bias = at::randn({kHeads, 1, pitch});
  const at::NoGradGuard no_grad;
  const AttentionRun run{
      .row = 0, .count = rows, .query_begin = 0, .queries = 1, .key_begin = 0, .keys = known, .key_pitch = pitch};
  const at::Tensor out = packed_attention(qkv, cache, 0, {{run}, kHeads, bias});
  for (std::int64_t row = 0; row < rows; ++row) {
    const at::Tensor past = cache.narrow(0, row * pitch, known);
    const at::Tensor expected = naive(qkv[row].narrow(0, 0, kInner).unsqueeze(0), past.narrow(1, 0, kInner),
                                      past.narrow(1, kInner, kInner), bias);
    CHECK(difference(out[row].unsqueeze(0), expected) < 1e-6);
  }
}
