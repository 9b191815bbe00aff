#include "phatgoose/task_moe/layer_copies.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <map>

#include "phatgoose/base/random.h"
#include "phatgoose/nn/mixed_layer.h"
#include "phatgoose/nn/tensor_bridge.h"

namespace phatgoose {
namespace {

void add_noise(at::Tensor values, double scale, RandomStream stream) {
  const at::Tensor noise = at::empty(values.sizes(), at::kFloat);
  for (float *p = noise.mutable_data_ptr<float>(), *end = p + noise.numel(); p != end; ++p) {
    *p = static_cast<float>(scale * stream.normal());
  }
  values.add_(noise.to(values.device()));
}

std::map<std::string, at::Tensor> by_name(const NamedTensors& named) { return {named.begin(), named.end()}; }

}  // namespace

LayerCopies::LayerCopies(const T5Config& config, const TaskMoeShape& shape, at::TensorOptions options) {
  for (const std::string& path : shape.layers) {
    Layer& layer = layers_.emplace_back(Layer{path, {}});
    for (std::int64_t copy = 0; copy < shape.copies; ++copy) {
      layer.copies.push_back(std::make_shared<LayerCopy>(config, path, copy, options));
    }
  }
}

LayerCopies LayerCopies::initial(const T5Model& base, const TaskMoeShape& shape, double noise, std::uint64_t seed) {
  LayerCopies copies(base.config(), shape, at::TensorOptions(base.device()).dtype(at::kFloat));
  const std::map<std::string, at::Tensor> own = by_name(base.named_parameters());
  for (const Layer& layer : copies.layers_) {
    for (std::uint32_t copy = 0; copy < layer.copies.size(); ++copy) {
      for (const auto& [name, tensor] : layer.copies[copy]->named_parameters()) {
        at::Tensor(tensor).copy_(own.at(name));
        if (shape.copies > 1 && noise > 0) add_noise(tensor, noise, RandomStream(seed, stream_number(name), copy));
      }
    }
  }
  return copies;
}

LayerCopies LayerCopies::load(const TaskMoeDirectory& directory, const T5Config& config, at::Device device,
                              at::ScalarType dtype) {
  LayerCopies copies(config, directory.manifest().shape, at::TensorOptions(device).dtype(dtype));
  for (const Layer& layer : copies.layers_) {
    for (std::int64_t copy = 0; copy < std::ssize(layer.copies); ++copy) {
      for (const auto& [name, tensor] : layer.copies[copy]->named_parameters()) {
        copy_into(tensor, directory.of_copy(copy, name));
      }
      layer.copies[copy]->pack_weights();
    }
  }
  return copies;
}

void LayerCopies::put_on(T5Model& model, const std::shared_ptr<const LayerRoutes>& routes) const {
  const std::vector<std::string> paths = layer_paths(model.config());
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const auto number = std::ranges::find(paths, layers_[i].path) - paths.begin();
    model.replace_layer(number, std::make_shared<MixedLayer>(std::vector<std::shared_ptr<const phatgoose::Layer>>(
                                                                 layers_[i].copies.begin(), layers_[i].copies.end()),
                                                             routes, static_cast<std::int64_t>(i)));
  }
}

std::vector<NamedParameter> LayerCopies::make_trainable() const {
  std::vector<NamedParameter> parameters;
  for (const Layer& layer : layers_) {
    for (std::int64_t copy = 0; copy < std::ssize(layer.copies); ++copy) {
      const T5Weights& weights = layer.copies[copy]->weights();
      for (const auto& [name, norm] : weights.unfused) {
        norm.set_requires_grad(true);
        parameters.push_back({.name = copy_tensor_name(copy, name), .tensor = norm});
      }
      for (const auto& group : weights.groups) {
        const at::Tensor weight = group->weight().set_requires_grad(true);  // [G, in]
        for (std::size_t i = 0; i < group->spec().linears.size(); ++i) {
          const LinearSpec& linear = group->spec().linears[i];
          parameters.push_back({.name = copy_tensor_name(copy, linear.path + ".weight"),
                                .tensor = weight,
                                .first_row = group->begin(i),
                                .rows = linear.out});
        }
      }
    }
  }
  return parameters;
}

NamedTensors LayerCopies::named_tensors() const {
  NamedTensors named;
  for (const Layer& layer : layers_) {
    for (std::int64_t copy = 0; copy < std::ssize(layer.copies); ++copy) {
      for (const auto& [name, tensor] : layer.copies[copy]->named_parameters()) {
        named.emplace_back(copy_tensor_name(copy, name), tensor);
      }
    }
  }
  return named;
}

std::int64_t copied_parameters(const TaskMoeShape& shape, const T5Config& config) {
  std::int64_t count = 0;
  for (const std::string& layer : shape.layers) {
    for (const auto& [name, sizes] : tensors_of_layer(config, layer)) count += count_of(sizes);
  }
  return count * shape.copies;
}

void collapse(const TaskMoeDirectory& directory, const at::Tensor& route, T5Model& model) {
  const at::NoGradGuard no_grad;
  const TaskMoeShape& shape = directory.manifest().shape;
  const std::map<std::string, at::Tensor> own = by_name(model.named_parameters());
  for (std::int64_t layer = 0; layer < shape.layer_count(); ++layer) {
    for (const auto& [name, sizes] : tensors_of_layer(model.config(), shape.layers[layer])) {
      at::Tensor mean = at::zeros(sizes, at::kFloat);
      for (std::int64_t copy = 0; copy < shape.copies; ++copy) {
        const double weight = route[layer][copy].item<double>();
        if (weight == 0) continue;
        mean.add_(to_tensor(directory.of_copy(copy, name), at::kCPU, at::kFloat), weight);
      }
      own.at(name).copy_(mean);
    }
  }
}

}  // namespace phatgoose
