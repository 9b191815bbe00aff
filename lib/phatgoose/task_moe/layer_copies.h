// The copies of all mixed layers of a model (METHODS 8).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "phatgoose/adapters/adapter_set.h"
#include "phatgoose/nn/layer_copy.h"
#include "phatgoose/nn/layer_routes.h"
#include "phatgoose/nn/t5_model.h"
#include "phatgoose/store/task_moe_directory.h"

namespace phatgoose {

class LayerCopies {
 public:
  /// Every copy is the layer of `base`, which is fp32, plus noise from N(0, noise^2), a pure function of seed, name and
  /// copy. A single copy has none: noise is there to tell copies apart.
  static LayerCopies initial(const T5Model& base, const TaskMoeShape& shape, double noise, std::uint64_t seed);
  /// For inference. The directory must fit the base (TaskMoeDirectory::check_base).
  static LayerCopies load(const TaskMoeDirectory& directory, const T5Config& config, at::Device device,
                          at::ScalarType dtype);

  /// In the place of the model's own layers, until T5Model::remove_adapters().
  void put_on(T5Model& model, const std::shared_ptr<const LayerRoutes>& routes) const;

  /// Has gradients computed for all of them; the leaves to train, in a fixed order.
  std::vector<NamedParameter> make_trainable() const;
  /// Every tensor as it is named in copies.safetensors.
  NamedTensors named_tensors() const;

 private:
  struct Layer {
    std::string path;
    std::vector<std::shared_ptr<LayerCopy>> copies;
  };

  /// With storage and without values.
  LayerCopies(const T5Config& config, const TaskMoeShape& shape, at::TensorOptions options);

  std::vector<Layer> layers_;
};

/// Numbers in all copies together.
std::int64_t copied_parameters(const TaskMoeShape& shape, const T5Config& config);

/// Gives the model, in fp32, the layers that a task with this route [L, m] is computed by: of each the mean of the
/// copies, weighted by the route. That is the mixture itself where the route is one-hot, and otherwise near it at best.
void collapse(const TaskMoeDirectory& directory, const at::Tensor& route, T5Model& model);

}  // namespace phatgoose
