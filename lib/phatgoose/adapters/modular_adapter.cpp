#include "phatgoose/adapters/modular_adapter.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>

#include "phatgoose/adapters/lora_function.h"
#include "phatgoose/adapters/mixing.h"
#include "phatgoose/base/error.h"
#include "phatgoose/base/random.h"

namespace phatgoose {
namespace {

/// The tokens of a pass, those of the same mixture next to each other.
struct TokenOrder {
  std::vector<std::int64_t> counts;  ///< tokens of each mixture
  at::Tensor order, inverse;         ///< [N]
};

TokenOrder order_tokens(const Packing& packing, const std::vector<std::int64_t>& mixtures, std::int64_t count,
                        at::Device device) {
  TokenOrder result{.counts = std::vector<std::int64_t>(static_cast<std::size_t>(count)), .order = {}, .inverse = {}};
  const at::Tensor order = at::empty({packing.tokens()}, at::kLong), inverse = at::empty_like(order);
  std::int64_t *to = order.mutable_data_ptr<std::int64_t>(), *back = inverse.mutable_data_ptr<std::int64_t>();
  std::int64_t place = 0;
  for (std::int64_t mixture = 0; mixture < count; ++mixture) {
    for (std::int64_t row = 0; row < packing.rows(); ++row) {
      if (mixtures[row] != mixture) continue;
      result.counts[mixture] += packing.length(row);
      for (std::int64_t i = 0; i < packing.length(row); ++i, ++place) {
        to[place] = packing.offset(row) + i;
        back[packing.offset(row) + i] = place;
      }
    }
  }
  result.order = order.to(device);
  result.inverse = inverse.to(device);
  return result;
}

}  // namespace

std::vector<ModularAdapter::Key> ModularAdapter::keys_of(const Pass& pass) const {
  const bool noise = step_->open && step_->noise;
  const bool routed = has_routing(group_->shape.method) && (group_->tasks > 1 || noise);
  std::vector<Key> keys(static_cast<std::size_t>(pass.packing.rows()), Key{0, -1});
  if (!routed) return keys;
  if (!pass.rows.tasks.defined()) fail(ExitCode::bug, {.found = "rows without a task"});
  const std::int64_t* tasks = pass.rows.tasks.const_data_ptr<std::int64_t>();
  for (std::size_t row = 0; row < keys.size(); ++row) keys[row].first = tasks[row];
  if (!noise) return keys;
  const std::int64_t* places = pass.rows.places.const_data_ptr<std::int64_t>();
  for (std::size_t row = 0; row < keys.size(); ++row) keys[row].second = places[row];
  return keys;
}

at::Tensor ModularAdapter::uniform_noise(const std::vector<Key>& keys) const {
  const std::int64_t count = std::ssize(keys), logits = group_->shape.logits();
  const at::Tensor noise = at::empty({group_->members(), count, logits}, at::kFloat);
  float* u = noise.mutable_data_ptr<float>();
  for (const LoraMember& member : *group_->layout) {
    for (const auto& [task, place] : keys) {
      RandomStream stream(step_->seed, stream_number(member.path) + step_->step, static_cast<std::uint32_t>(place));
      // In the middle of 2^-24 steps, so that neither 0 nor 1 is drawn.
      for (std::int64_t i = 0; i < logits; ++i) *u++ = (static_cast<float>(stream.next_u32() >> 9) + 0.5F) * 0x1p-23F;
    }
  }
  return noise.to(group_->a.device());
}

at::Tensor ModularAdapter::logits_of(const std::vector<Key>& keys) const {
  if (!has_routing(group_->shape.method)) return {};
  std::vector<std::int64_t> tasks;
  for (const Key& key : keys) tasks.push_back(key.first);
  const at::Tensor logits = group_->logits_of_tasks(tasks);
  return keys.front().second < 0 ? logits : relaxed_bernoulli_logits(logits, uniform_noise(keys));
}

std::vector<ModularAdapter::Factors> ModularAdapter::build(const std::vector<Key>& keys) const {
  const MixedFactors mixed = group_->mix(logits_of(keys));
  built_count_ += std::ssize(keys);
  const std::vector<at::Tensor> a = mixed.a.unbind(0), b = mixed.b.unbind(0);
  std::vector<Factors> factors;
  for (std::size_t k = 0; k < keys.size(); ++k) factors.push_back({a[k], b[k]});
  if (!step_->open || !at::GradMode::is_enabled()) return factors;
  for (auto& [own_a, own_b] : factors) {
    own_a = own_a.detach().requires_grad_();
    own_b = own_b.detach().requires_grad_();
  }
  of_step_.push_back({mixed, factors});
  return factors;
}

void ModularAdapter::forget_old_mixtures() const {
  std::uint64_t version = 1 + group_->a._version() + group_->b._version();
  if (group_->logits.defined()) version += group_->logits._version();
  if (version != kept_version_ && !step_->open) kept_.clear();
  kept_version_ = version;
}

std::vector<ModularAdapter::Factors> ModularAdapter::factors_of(const std::vector<Key>& distinct) const {
  const bool gradients = at::GradMode::is_enabled();
  if (gradients && !step_->open) return build(distinct);
  forget_old_mixtures();
  std::vector<Key> missing;
  std::ranges::copy_if(distinct, std::back_inserter(missing), [&](const Key& key) { return !kept_.contains(key); });
  if (!missing.empty() && !step_->open) {
    std::erase_if(kept_, [&](const auto& kept) { return std::ranges::find(distinct, kept.first) == distinct.end(); });
  }
  if (!missing.empty()) {
    const std::vector<Factors> made = build(missing);
    for (std::size_t k = 0; k < missing.size(); ++k) kept_[missing[k]] = made[k];
  }
  std::vector<Factors> factors;
  for (const Key& key : distinct) factors.push_back(kept_.at(key));
  return factors;
}

at::Tensor ModularAdapter::apply(const at::Tensor& u, const at::Tensor& y, const Pass& pass) const {
  const std::vector<Key> keys = keys_of(pass);
  std::vector<Key> distinct = keys;
  std::ranges::sort(distinct);
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  const std::vector<Factors> factors = factors_of(distinct);
  if (factors.size() == 1) return add_lora(u, y, factors[0].a, factors[0].b, std::nullopt, group_->layout);

  std::vector<std::int64_t> mixtures;
  for (const Key& key : keys) mixtures.push_back(std::ranges::lower_bound(distinct, key) - distinct.begin());
  const TokenOrder tokens = order_tokens(pass.packing, mixtures, std::ssize(distinct), u.device());
  const std::vector<at::Tensor> inputs = u.index_select(0, tokens.order).split_with_sizes(tokens.counts);
  // Not views of each other, since each is worked on in place.
  std::vector<at::Tensor> outputs = at::unsafe_split_with_sizes(y.index_select(0, tokens.order), tokens.counts);
  for (std::size_t k = 0; k < factors.size(); ++k) {
    outputs[k] = add_lora(inputs[k], outputs[k], factors[k].a, factors[k].b, std::nullopt, group_->layout);
  }
  return at::cat(outputs).index_select(0, tokens.inverse);  // [N, G]
}

void ModularAdapter::begin_step() {
  of_step_.clear();
  kept_.clear();
}

void ModularAdapter::finish_step() {
  for (const auto& [mixed, leaves] : of_step_) {
    if (!mixed.a.requires_grad() && !mixed.b.requires_grad()) continue;
    std::vector<at::Tensor> a, b;
    for (const Factors& leaf : leaves) {
      a.push_back(leaf.a.grad());
      b.push_back(leaf.b.grad());
    }
    torch::autograd::backward({mixed.a, mixed.b}, {at::stack(a), at::stack(b)});
  }
  begin_step();
}

}  // namespace phatgoose
