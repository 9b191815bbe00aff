#include "phatgoose/nn/layer_copy.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "phatgoose/store/t5_checkpoint.h"

namespace phatgoose {
namespace {

constexpr std::int64_t kSites = 1 << 16;  // Dropout::apply

std::int64_t layer_count(const T5Config& config) { return config.num_layers + config.num_decoder_layers; }

/// The weights of one layer, with storage and without values.
T5Weights empty_weights(const T5Config& config, const std::string& block, at::TensorOptions options) {
  T5Weights weights{.config = config, .separate_head = false, .unfused = {}, .head = {}, .groups = {}, .group_of = {}};
  const bool decodes = block.starts_with("decoder.");
  const std::int64_t number = std::stoll(block.substr(block.rfind('.') + 1));
  for (int layer = 0; layer < (decodes ? 3 : 2); ++layer) {
    const std::string name = layer_norm_name(decodes ? "decoder" : "encoder", number, layer);
    weights.unfused.emplace_back(name, at::empty({config.d_model}, options));
  }
  for (const LinearGroupSpec& spec : linear_groups(config)) {
    if (!spec.linears.front().path.starts_with(block + ".")) continue;
    std::int64_t out = 0;
    for (const LinearSpec& linear : spec.linears) out += linear.out;
    at::Tensor weight = at::empty({out, spec.linears.front().in}, options);  // [G, in]
    weights.groups.push_back(std::make_unique<LinearGroup>(spec, std::move(weight)));
    for (const LinearSpec& linear : spec.linears) weights.group_of[linear.path] = weights.groups.back().get();
  }
  return weights;
}

}  // namespace

LayerCopy::LayerCopy(const T5Config& config, const std::string& block, std::int64_t number, at::TensorOptions options)
    : weights_(empty_weights(config, block, options)) {
  const std::vector<std::string> paths = layer_paths(config);
  const std::int64_t layer = std::ranges::find(paths, block) - paths.begin() + number * layer_count(config);
  layer_.emplace(weights_, block, block.starts_with("decoder."), layer_site(layer));
}

at::Tensor LayerCopy::forward(const at::Tensor& x, const LayerContext& context) const {
  return layer_->forward(x, context);
}

at::Tensor LayerCopy::cross_keys_values(const at::Tensor& states, const Pass& pass) const {
  return layer_->cross_keys_values(states, pass);
}

NamedTensors LayerCopy::named_parameters() const { return weights_.named_parameters(); }

void LayerCopy::pack_weights() {
  for (const auto& group : weights_.groups) group->pack_weight();
}

std::vector<std::string> layer_paths(const T5Config& config) {
  std::vector<std::string> paths;
  for (std::int64_t i = 0; i < config.num_layers; ++i) paths.push_back("encoder.block." + std::to_string(i));
  for (std::int64_t i = 0; i < config.num_decoder_layers; ++i) paths.push_back("decoder.block." + std::to_string(i));
  return paths;
}

std::int64_t most_copies(const T5Config& config) {
  using namespace dropout_site;
  return (kSites - kFirstLayer) / (kSitesPerLayer * layer_count(config));
}

}  // namespace phatgoose
