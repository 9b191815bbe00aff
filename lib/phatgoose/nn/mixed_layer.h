// Several copies of a layer in its place, mixed by the task of a row (METHODS 8): h = sum_m p_m Layer_m(x).
#pragma once

#include <memory>
#include <vector>

#include "phatgoose/nn/layer_routes.h"
#include "phatgoose/nn/t5_layers.h"

namespace phatgoose {

/// Where rows have weights, every copy computes all of them, and the outputs are mixed in fp32. Where each has one
/// copy, the rows of a copy are computed by themselves, and no copy computes rows that are not its own; decoding token
/// by token a copy keeps the keys and values of its rows only.
class MixedLayer : public Layer {
 public:
  /// `number`: of this layer among the mixed ones.
  MixedLayer(std::vector<std::shared_ptr<const Layer>> copies, std::shared_ptr<const LayerRoutes> routes,
             std::int64_t number);

  at::Tensor forward(const at::Tensor& x, const LayerContext& context) const override;  // [N, D] -> [N, D]

  /// Of every copy; where each row has one copy, of that one.
  at::Tensor cross_keys_values(const at::Tensor& states,
                               const Pass& pass) const override;  // [N_src, D] -> [m or 1, N_src, 2 H K]

 private:
  at::Tensor mix(const at::Tensor& x, const LayerContext& context, const at::Tensor& weights) const;    // [N, D]
  at::Tensor choose(const at::Tensor& x, const LayerContext& context, const at::Tensor& copies) const;  // [N, D]

  std::vector<std::shared_ptr<const Layer>> copies_;
  std::shared_ptr<const LayerRoutes> routes_;
  std::int64_t number_;
};

}  // namespace phatgoose
