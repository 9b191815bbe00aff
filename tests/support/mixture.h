// Mixtures of layers on a model, with routes of a test's own.
#pragma once

#include <ATen/ATen.h>

#include <memory>
#include <vector>

#include "phatgoose/nn/layer_copy.h"
#include "phatgoose/nn/layer_routes.h"
#include "phatgoose/nn/mixed_layer.h"
#include "phatgoose/nn/t5_model.h"

namespace phatgoose::test {

/// Gives rows the routes of their tasks, whether one-hot or not: as weights, or as copies.
class GivenRoutes : public LayerRoutes {
 public:
  GivenRoutes(at::Tensor routes, bool as_copies) : routes_(std::move(routes)), as_copies_(as_copies) {}

  RowRoutes of(std::int64_t layer, const Pass& pass) const override {
    const at::Tensor weights = routes_.select(1, layer).index_select(0, pass.rows.tasks);  // [rows, m]
    if (as_copies_) return {.copies = weights.argmax(-1)};
    return {.weights = weights};
  }

 private:
  at::Tensor routes_;  // [tasks, L, m]
  bool as_copies_;
};

using Copies = std::vector<std::vector<std::shared_ptr<LayerCopy>>>;  ///< by layer of the model

/// Copies of every layer, of normal random numbers `apart` from the layer.
inline Copies make_copies(const T5Model& model, std::int64_t count, double apart) {
  const at::NoGradGuard no_grad;
  at::manual_seed(7);
  Copies copies;
  const NamedTensors own = model.named_parameters();
  for (const std::string& path : layer_paths(model.config())) {
    auto& of_layer = copies.emplace_back();
    for (std::int64_t copy = 0; copy < count; ++copy) {
      of_layer.push_back(std::make_shared<LayerCopy>(model.config(), path, copy, at::TensorOptions(at::kFloat)));
      for (const auto& [name, tensor] : of_layer.back()->named_parameters()) {
        const auto found = std::ranges::find(own, name, [](const auto& entry) { return entry.first; });
        at::Tensor(tensor).copy_(found->second + at::randn(tensor.sizes()) * apart);
      }
    }
  }
  return copies;
}

inline void put_on(T5Model& model, const Copies& copies, std::shared_ptr<const LayerRoutes> routes) {
  for (std::size_t i = 0; i < copies.size(); ++i) {
    const std::vector<std::shared_ptr<const Layer>> layers(copies[i].begin(), copies[i].end());
    model.replace_layer(static_cast<std::int64_t>(i),
                        std::make_shared<MixedLayer>(layers, routes, static_cast<std::int64_t>(i)));
  }
}

}  // namespace phatgoose::test
