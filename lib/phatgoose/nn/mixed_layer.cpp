#include "phatgoose/nn/mixed_layer.h"

#include <ATen/ATen.h>

#include <functional>

#include "phatgoose/nn/row_subset.h"

namespace phatgoose {
namespace {

/// The rows of each of `count` copies.
std::vector<std::vector<std::int64_t>> rows_by_copy(const at::Tensor& copies, std::size_t count) {
  std::vector<std::vector<std::int64_t>> rows(count);
  const std::int64_t* copy = copies.const_data_ptr<std::int64_t>();
  for (std::int64_t row = 0; row < copies.numel(); ++row) rows[static_cast<std::size_t>(copy[row])].push_back(row);
  return rows;
}

/// What each copy makes of its rows, put together in the order of the pass. `compute` is given a copy and its rows, or
/// null where it has all of them.
at::Tensor by_copy(const at::Tensor& copies, std::size_t count, const Pass& pass, at::Device device,
                   const std::function<at::Tensor(std::size_t, const RowSubset*)>& compute) {
  const std::vector<std::vector<std::int64_t>> rows = rows_by_copy(copies, count);
  std::vector<at::Tensor> outputs, tokens;
  for (std::size_t copy = 0; copy < count; ++copy) {
    if (std::ssize(rows[copy]) == pass.packing.rows()) return compute(copy, nullptr);
    if (rows[copy].empty()) continue;
    const RowSubset subset(pass, rows[copy], device);
    outputs.push_back(compute(copy, &subset));
    tokens.push_back(subset.tokens());
  }
  return at::cat(outputs).index_select(0, at::cat(tokens).argsort());  // [N, ...]
}

/// What copy number `copy` of `keys_values` [m or 1, N_src, 2 H K] attends to; undefined in the encoder.
at::Tensor keys_values_of(const at::Tensor* keys_values, std::int64_t copy) {
  if (keys_values == nullptr) return {};
  return keys_values->select(0, keys_values->size(0) == 1 ? 0 : copy);  // [N_src, 2 H K]
}

LayerContext with_keys_values(LayerContext context, const at::Tensor& keys_values) {
  context.keys_values = keys_values.defined() ? &keys_values : nullptr;
  return context;
}

}  // namespace

MixedLayer::MixedLayer(std::vector<std::shared_ptr<const Layer>> copies, std::shared_ptr<const LayerRoutes> routes,
                       std::int64_t number)
    : copies_(std::move(copies)), routes_(std::move(routes)), number_(number) {}

at::Tensor MixedLayer::forward(const at::Tensor& x, const LayerContext& context) const {
  const RowRoutes routes = routes_->of(number_, context.pass);
  return routes.copies.defined() ? choose(x, context, routes.copies) : mix(x, context, routes.weights);
}

at::Tensor MixedLayer::mix(const at::Tensor& x, const LayerContext& context, const at::Tensor& weights) const {
  const at::Tensor rows = context.pass.packing.row_of_tokens().to(x.device());  // [N]
  const at::Tensor of_tokens = weights.index_select(0, rows);                   // [N, m]
  at::Tensor mixed;                                                             // [N, D] fp32
  for (std::size_t copy = 0; copy < copies_.size(); ++copy) {
    const auto number = static_cast<std::int64_t>(copy);
    const at::Tensor keys_values = keys_values_of(context.keys_values, number);
    const at::Tensor h = copies_[copy]->forward(x, with_keys_values(context, keys_values));  // [N, D]
    const at::Tensor term = h * of_tokens.narrow(1, number, 1);                              // [N, D] fp32
    mixed = mixed.defined() ? mixed + term : term;
  }
  return mixed.to(x.scalar_type());
}

at::Tensor MixedLayer::choose(const at::Tensor& x, const LayerContext& context, const at::Tensor& copies) const {
  return by_copy(copies, copies_.size(), context.pass, x.device(), [&](std::size_t copy, const RowSubset* subset) {
    const at::Tensor keys_values = keys_values_of(context.keys_values, static_cast<std::int64_t>(copy));
    if (subset == nullptr) return copies_[copy]->forward(x, with_keys_values(context, keys_values));
    const AttentionInputs self = subset->attention(context.self, /*own_keys=*/context.cache == nullptr);
    const AttentionInputs cross = subset->attention(*context.cross, /*own_keys=*/false);
    const CachedRows rows{subset->rows(), context.pass.packing.rows()};
    const LayerContext part{subset->pass(), self, &cross, nullptr, context.cache, &rows};
    return copies_[copy]->forward(x.index_select(0, subset->tokens()), with_keys_values(part, keys_values));
  });
}

at::Tensor MixedLayer::cross_keys_values(const at::Tensor& states, const Pass& pass) const {
  const RowRoutes routes = routes_->of(number_, pass);
  if (routes.copies.defined()) {
    return by_copy(routes.copies, copies_.size(), pass, states.device(),
                   [&](std::size_t copy, const RowSubset* subset) {
                     if (subset == nullptr) return copies_[copy]->cross_keys_values(states, pass);
                     return copies_[copy]->cross_keys_values(states.index_select(0, subset->tokens()), subset->pass());
                   })
        .unsqueeze(0);  // [1, N_src, 2 H K]
  }
  std::vector<at::Tensor> of_copies;
  for (const auto& copy : copies_) of_copies.push_back(copy->cross_keys_values(states, pass));
  return at::stack(of_copies);  // [m, N_src, 2 H K]
}

}  // namespace phatgoose
