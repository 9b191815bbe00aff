#include "phatgoose/embed/encoder_weights.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cmath>

#include "phatgoose/base/error.h"
#include "phatgoose/nn/tensor_bridge.h"
#include "phatgoose/store/float_values.h"

namespace phatgoose {

at::Tensor EncoderLinear::forward(const at::Tensor& u) const {
  const at::Tensor y = weight.forward(u);    // [N, out]
  return bias.defined() ? y.add_(bias) : y;  // [N, out]
}

at::Tensor EncoderNorm::forward(const at::Tensor& x) const {
  return at::layer_norm(x, weight.sizes(), weight, bias, epsilon);  // [N, D]
}

namespace {

/// Reads the tensors of one checkpoint.
class EncoderWeightReader {
 public:
  EncoderWeightReader(const fs::path& directory, const EncoderConfig& config, at::Device device)
      : archive_(open_model_archive(directory)),
        config_(config),
        options_(at::TensorOptions(device).dtype(at::kFloat)),
        prefix_(archive_->contains(config.names.prefix + "embeddings.word_embeddings.weight") ? config.names.prefix
                                                                                              : "") {}

  at::Tensor tensor(const std::string& name, const Shape& shape) const {
    at::Tensor result = at::empty(shape, options_);
    fill(name, result);
    return result;
  }

  EncoderNorm norm(const std::string& module) const {
    const Shape shape = {config_.hidden_size};
    return {tensor(module + ".weight", shape), tensor(module + ".bias", shape), config_.layer_norm_eps};
  }

  EncoderLayerWeights layer(std::int64_t i) const {
    const EncoderTensorNames& names = config_.names;
    const std::string module = names.layers + std::to_string(i);
    const std::int64_t size = config_.hidden_size, inner = config_.intermediate_size;
    return {queries_keys_values(module),
            linear(module, {names.attention_output}, size, size),
            norm(module + names.attention_norm),
            linear(module, names.inner, config_.gated ? 2 * inner : inner, size),
            linear(module, {names.outer}, size, inner),
            norm(module + names.output_norm)};
  }

 private:
  void fill(const std::string& name, at::Tensor target) const {
    const std::string stored = prefix_ + name;
    const TensorView& view = archive_->at(stored, shape_of(target));
    if (!is_floating(view.dtype)) {
      refuse(archive_->where(stored), name_of(view.dtype), "floating-point weights");
    }
    if (!all_finite(view)) {
      refuse(archive_->where(stored), "NaN or infinite values", "finite weights", "the checkpoint is damaged");
    }
    copy_into(target, view);
    archive_->release(stored);
  }

  /// Weight and bias of the modules `module` + name, one below the other.
  EncoderLinear plain_linear(const std::string& module, const std::vector<std::string>& names, std::int64_t out,
                             std::int64_t in) const {
    const at::Tensor weight = at::empty({out, in}, options_);
    const at::Tensor bias = config_.biases ? at::empty({out}, options_) : at::Tensor();
    const std::int64_t rows = out / std::ssize(names);
    std::int64_t begin = 0;
    for (const std::string& name : names) {
      fill(module + name + ".weight", weight.narrow(0, begin, rows));
      if (config_.biases) fill(module + name + ".bias", bias.narrow(0, begin, rows));
      begin += rows;
    }
    return {FrozenWeight(weight), bias};
  }

  EncoderLinear linear(const std::string& module, const std::vector<std::string>& names, std::int64_t out,
                       std::int64_t in) const {
    EncoderLinear linear = plain_linear(module, names, out, in);
    linear.weight.pack();
    return linear;
  }

  /// Attention here divides no scores, so the queries are made smaller instead.
  EncoderLinear queries_keys_values(const std::string& module) const {
    const std::int64_t size = config_.hidden_size;
    EncoderLinear linear = plain_linear(module, config_.names.queries_keys_values, 3 * size, size);
    const double scale = 1.0 / std::sqrt(static_cast<double>(config_.head_size()));
    linear.weight.dense().narrow(0, 0, size).mul_(scale);
    if (linear.bias.defined()) linear.bias.narrow(0, 0, size).mul_(scale);
    linear.weight.pack();
    return linear;
  }

  std::unique_ptr<TensorArchive> archive_;
  const EncoderConfig& config_;
  at::TensorOptions options_;
  std::string prefix_;
};

/// That of type 0 is added to all of `table`.
void add_token_type(const EncoderWeightReader& reader, const EncoderConfig& config, const at::Tensor& table) {
  if (config.type_vocab_size == 0) return;
  table.add_(reader.tensor("embeddings.token_type_embeddings.weight", {config.type_vocab_size, config.hidden_size})[0]);
}

}  // namespace

EncoderWeights load_encoder_weights(const fs::path& directory, const EncoderConfig& config, at::Device device) {
  const at::NoGradGuard no_gradients;
  const EncoderWeightReader reader(directory, config, device);
  EncoderWeights weights;
  weights.words = reader.tensor("embeddings.word_embeddings.weight", {config.vocab_size, config.hidden_size});
  if (config.position_rows > 0) {
    weights.positions =
        reader.tensor("embeddings.position_embeddings.weight", {config.position_rows, config.hidden_size});
  }
  add_token_type(reader, config, weights.positions.defined() ? weights.positions : weights.words);
  if (config.position_buckets) {
    weights.position_bias = reader.tensor("encoder.relative_attention_bias.weight",
                                          {config.position_buckets->count, config.num_attention_heads});
  }
  weights.embedding_norm = reader.norm(config.names.embedding_norm);
  for (std::int64_t i = 0; i < config.num_hidden_layers; ++i) weights.layers.push_back(reader.layer(i));
  return weights;
}

}  // namespace phatgoose
