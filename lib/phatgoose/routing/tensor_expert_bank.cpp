#include "phatgoose/routing/tensor_expert_bank.h"

#include <ATen/ATen.h>

#include "phatgoose/nn/tensor_bridge.h"

namespace phatgoose {

namespace {

/// For Mix::parameters: as mix_hidden of the packed bank, on tensors.
void mix_hidden(const PairOrder& order, const at::Tensor& tokens, const at::Tensor& weights, std::int64_t count,
                std::vector<at::Tensor>& hidden) {
  std::vector<at::Tensor> parts;
  for (const at::Tensor& part : hidden) {
    if (part.defined()) parts.push_back(part);
  }
  const at::Tensor all = at::cat(parts);                                                              // [pairs, R]
  const at::Tensor sums = at::zeros({count, all.size(1)}, all.options()).index_add_(0, tokens, all);  // [N, R]
  const at::Tensor mixed = sums.index_select(0, tokens).mul_(weights);                                // [pairs, R]
  for (std::size_t e = 0; e < hidden.size(); ++e) {
    const auto expert = static_cast<std::int64_t>(e);
    if (hidden[e].defined()) hidden[e] = mixed.narrow(0, order.begin(expert), order.end(expert) - order.begin(expert));
  }
}

/// y [N, out] += updates [pairs, out] at the rows tokens [pairs], slot after slot. Within a slot no token stands twice,
/// so rows are read, changed and written back: index_add_ of a half type would convert all of y for every call.
void add_updates(const PairOrder& order, const at::Tensor& tokens, const at::Tensor& updates, const at::Tensor& y) {
  for (std::int64_t slot = 0; slot < order.slots(); ++slot) {
    std::vector<std::int64_t> pairs;
    for (std::int64_t e = 0; e < order.experts(); ++e) {
      for (std::int64_t pair = order.begin(e, slot); pair < order.end(e, slot); ++pair) pairs.push_back(pair);
    }
    if (pairs.empty()) continue;
    const at::Tensor chosen = at::tensor(pairs, at::kLong).to(y.device());
    const at::Tensor rows = tokens.index_select(0, chosen);
    y.index_copy_(0, rows, y.index_select(0, rows).add_(updates.index_select(0, chosen)));
  }
}

}  // namespace

TensorExpertBank::TensorExpertBank(std::int64_t in, std::int64_t out, std::span<const LoraEntry* const> experts,
                                   at::Device device, at::ScalarType dtype) {
  std::int64_t ranks = 0;
  for (const LoraEntry* expert : experts) ranks += expert->rank;
  const auto options = at::TensorOptions(device).dtype(dtype);
  store_a_ = at::empty({ranks, in}, options);
  store_b_ = at::empty({ranks * out}, options);
  for (std::int64_t row = 0; const LoraEntry* expert : experts) {
    a_.push_back(store_a_.narrow(0, row, expert->rank));
    b_.push_back(store_b_.narrow(0, row * out, expert->rank * out).view({out, expert->rank}));
    copy_into(a_.back(), expert->a);
    copy_into(b_.back(), expert->b);
    scales_.push_back(expert->scale);
    row += expert->rank;
  }
}

void TensorExpertBank::add(const at::Tensor& u, const at::Tensor& y, const PairOrder& order, Mix mix) const {
  const std::int64_t pairs = order.pairs();
  const at::Tensor tokens =
      at::from_blob(const_cast<std::int32_t*>(order.tokens()), {pairs}, at::kInt).to(u.device(), at::kLong);
  const at::Tensor weights = at::from_blob(const_cast<float*>(order.weights()), {pairs, 1}, at::kFloat).to(u.device());
  std::vector<at::Tensor> hidden(a_.size());  // per expert [pairs of e, R]: w_e c_e A_e u
  for (std::int64_t e = 0; e < order.experts(); ++e) {
    const std::int64_t begin = order.begin(e), count = order.end(e) - begin;
    if (count == 0) continue;
    const at::Tensor h = at::mm(u.index_select(0, tokens.narrow(0, begin, count)), a_[e].t());  // [pairs of e, R]
    hidden[e] = h * (weights.narrow(0, begin, count) * scales_[e]);
  }
  if (mix == Mix::parameters && pairs > 0) mix_hidden(order, tokens, weights, u.size(0), hidden);
  const at::Tensor updates = at::empty({pairs, y.size(1)}, y.options());  // [pairs, out]
  for (std::int64_t e = 0; e < order.experts(); ++e) {
    if (!hidden[e].defined()) continue;
    at::Tensor part = updates.narrow(0, order.begin(e), order.end(e) - order.begin(e));
    at::mm_out(part, hidden[e].to(u.scalar_type()), b_[e].t());
  }
  add_updates(order, tokens, updates, y);
}

}  // namespace phatgoose
