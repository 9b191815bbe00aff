#include "phatgoose/routing/packed_expert_bank.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>

#include "phatgoose/nn/tensor_bridge.h"
#include "phatgoose/routing/segment_kernels.h"

namespace phatgoose {
namespace {

constexpr std::int64_t kPairsPerTask = 64;

/// Calls body(expert, first pair, past the last pair) for the parts of every expert's range that lie in [begin, end).
/// `range(expert)` gives an expert's range; ranges lie in the order of the experts.
template <typename Range, typename Body>
void for_experts(const PairOrder& order, std::int64_t begin, std::int64_t end, Range range, Body body) {
  for (std::int64_t expert = order.expert_of(begin); expert < order.experts() && order.begin(expert) < end; ++expert) {
    const auto [first, last] = range(expert);
    const std::int64_t from = std::max(first, begin), to = std::min(last, end);
    if (from < to) body(expert, from, to);
  }
}

/// For Mix::parameters: h of every pair (w_e c A_e u, [pairs, rank]) becomes w_e times the sum of its token's h, so
/// that the products with B give (sum_e w_e B_e) c (sum_e w_e A_e) u.
void mix_hidden(const PairOrder& order, std::int64_t rank, std::int64_t tokens, float* h) {
  std::vector<float> sums(static_cast<std::size_t>(tokens * rank), 0.0F);
  for (std::int64_t slot = 0; slot < order.slots(); ++slot) {  // a token's sum is taken in the order of its slots
    for (std::int64_t expert = 0; expert < order.experts(); ++expert) {
      for (std::int64_t i = order.begin(expert, slot); i < order.end(expert, slot); ++i) {
        for (std::int64_t r = 0; r < rank; ++r) sums[order.tokens()[i] * rank + r] += h[i * rank + r];
      }
    }
  }
  for (std::int64_t i = 0; i < order.pairs(); ++i) {
    const float* sum = sums.data() + order.tokens()[i] * rank;
    for (std::int64_t r = 0; r < rank; ++r) h[i * rank + r] = order.weights()[i] * sum[r];
  }
}

}  // namespace

PackedExpertBank::PackedExpertBank(std::int64_t in, std::int64_t out, std::span<const LoraEntry* const> experts)
    : in_(in), out_(out) {
  std::int64_t size = 0;
  for (const LoraEntry* expert : experts) {
    const std::int64_t padded = (expert->rank + kRankPadding - 1) / kRankPadding * kRankPadding;
    const std::int64_t b = size + in * padded;
    places_.push_back({expert->rank, padded, static_cast<float>(expert->scale), size, b});
    size = b + out * expert->rank;
    widest_ = std::max(widest_, padded);
  }
  store_ = at::zeros({size}, at::kFloat);
  for (std::size_t e = 0; e < experts.size(); ++e) pack(*experts[e], places_[e]);
}

void PackedExpertBank::pack(const LoraEntry& expert, const Place& place) {
  const std::int64_t rank = place.rank;
  const at::Tensor a = to_tensor(expert.a, at::kCPU, at::kFloat);  // [R, in]
  store_.narrow(0, place.a, in_ * place.padded).view({in_, place.padded}).narrow(1, 0, rank).copy_(a.t());

  const at::Tensor b = to_tensor(expert.b, at::kCPU, at::kFloat);  // [out, R]
  const std::int64_t panels = out_ / kPanelWidth, wide = panels * kPanelWidth, rest = out_ - wide;
  store_.narrow(0, place.b, wide * rank)
      .view({panels, rank, kPanelWidth})
      .copy_(b.narrow(0, 0, wide).view({panels, kPanelWidth, rank}).transpose(1, 2));
  store_.narrow(0, place.b + wide * rank, rest * rank).view({rank, rest}).copy_(b.narrow(0, wide, rest).t());
}

void PackedExpertBank::add(const at::Tensor& u, const at::Tensor& y, const PairOrder& order, Mix mix) const {
  const SegmentKernels& kernels = segment_kernels();
  const TokenRows<const float> inputs{u.const_data_ptr<float>(), u.stride(0)};
  const TokenRows<float> outputs{y.mutable_data_ptr<float>(), y.stride(0)};
  const float* store = store_.const_data_ptr<float>();
  const at::Tensor buffer = at::empty({order.pairs(), widest_ + 1}, at::kFloat);  // h, and after it the factors
  float* h = buffer.mutable_data_ptr<float>();
  float* factors = h + order.pairs() * widest_;

  at::parallel_for(0, order.pairs(), kPairsPerTask, [&](std::int64_t begin, std::int64_t end) {
    const auto whole = [&](std::int64_t e) { return std::pair(order.begin(e), order.end(e)); };
    for_experts(order, begin, end, whole, [&](std::int64_t expert, std::int64_t from, std::int64_t to) {
      const Place& place = places_[expert];
      for (std::int64_t i = from; i < to; ++i) factors[i] = order.weights()[i] * place.scale;
      kernels.down({order.tokens() + from, to - from}, inputs, in_, store + place.a, place.padded, factors + from,
                   h + order.begin(expert) * widest_ + (from - order.begin(expert)) * place.padded);
    });
  });
  if (mix == Mix::parameters) mix_hidden(order, widest_, u.size(0), h);
  for (std::int64_t slot = 0; slot < order.slots(); ++slot) {  // within a slot every token occurs at most once
    at::parallel_for(0, order.pairs(), kPairsPerTask, [&](std::int64_t begin, std::int64_t end) {
      const auto part = [&](std::int64_t e) { return std::pair(order.begin(e, slot), order.end(e, slot)); };
      for_experts(order, begin, end, part, [&](std::int64_t expert, std::int64_t from, std::int64_t to) {
        const Place& place = places_[expert];
        kernels.up({order.tokens() + from, to - from}, outputs, out_, store + place.b, place.rank, place.padded,
                   h + order.begin(expert) * widest_ + (from - order.begin(expert)) * place.padded);
      });
    });
  }
}

}  // namespace phatgoose
