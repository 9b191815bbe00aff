#include "phatgoose/embed/bert_model.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cmath>

#include "phatgoose/base/error.h"
#include "phatgoose/nn/attention.h"
#include "phatgoose/nn/tensor_bridge.h"
#include "phatgoose/store/float_values.h"

namespace phatgoose {

/// Reads the tensors of one checkpoint, whose names may all begin with "bert.".
class BertModel::Loader {
 public:
  Loader(const fs::path& directory, const BertConfig& config, at::Device device)
      : archive_(open_model_archive(directory)), config_(config), device_(device) {
    if (archive_->contains("bert.embeddings.word_embeddings.weight")) prefix_ = "bert.";
  }

  at::Tensor tensor(const std::string& name, const Shape& shape) const {
    at::Tensor result = at::empty(shape, at::TensorOptions(device_).dtype(at::kFloat));
    fill(name, result);
    return result;
  }

  Norm norm(const std::string& module) const {
    const Shape shape = {config_.hidden_size};
    return {tensor(module + ".weight", shape), tensor(module + ".bias", shape)};
  }

  Linear linear(const std::string& module, std::int64_t out, std::int64_t in) const {
    Linear linear{FrozenWeight(tensor(module + ".weight", {out, in})), tensor(module + ".bias", {out})};
    linear.weight.pack();
    return linear;
  }

  Layer layer(std::int64_t i) const {
    const std::string module = "encoder.layer." + std::to_string(i);
    const std::int64_t size = config_.hidden_size, inner = config_.intermediate_size;
    return {queries_keys_values(module + ".attention.self"), linear(module + ".attention.output.dense", size, size),
            norm(module + ".attention.output.LayerNorm"),    linear(module + ".intermediate.dense", inner, size),
            linear(module + ".output.dense", size, inner),   norm(module + ".output.LayerNorm")};
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

  /// The three as one linear. Attention here divides no scores, so the queries are made smaller instead.
  Linear queries_keys_values(const std::string& module) const {
    const std::int64_t size = config_.hidden_size;
    const at::TensorOptions options = at::TensorOptions(device_).dtype(at::kFloat);
    const at::Tensor weight = at::empty({3 * size, size}, options), bias = at::empty({3 * size}, options);
    std::int64_t begin = 0;
    for (const char* name : {".query", ".key", ".value"}) {
      fill(module + name + ".weight", weight.narrow(0, begin, size));
      fill(module + name + ".bias", bias.narrow(0, begin, size));
      begin += size;
    }
    const double scale = 1.0 / std::sqrt(static_cast<double>(config_.head_size()));
    weight.narrow(0, 0, size).mul_(scale);
    bias.narrow(0, 0, size).mul_(scale);
    Linear linear{FrozenWeight(weight), bias};
    linear.weight.pack();
    return linear;
  }

  std::unique_ptr<TensorArchive> archive_;
  const BertConfig& config_;
  at::Device device_;
  std::string prefix_;
};

BertModel BertModel::load(const fs::path& directory, at::Device device) {
  const at::NoGradGuard no_gradients;
  BertModel model;
  model.config_ = read_bert_config(directory);
  const BertConfig& c = model.config_;
  const Loader loader(directory, c, device);
  model.words_ = loader.tensor("embeddings.word_embeddings.weight", {c.vocab_size, c.hidden_size});
  const at::Tensor types = loader.tensor("embeddings.token_type_embeddings.weight", {c.type_vocab_size, c.hidden_size});
  model.positions_ =
      loader.tensor("embeddings.position_embeddings.weight", {c.max_position_embeddings, c.hidden_size}) + types[0];
  model.embedding_norm_ = loader.norm("embeddings.LayerNorm");
  for (std::int64_t i = 0; i < c.num_hidden_layers; ++i) model.layers_.push_back(loader.layer(i));
  return model;
}

at::Tensor BertModel::normed(const at::Tensor& x, const Norm& norm) const {
  return at::layer_norm(x, {config_.hidden_size}, norm.weight, norm.bias, config_.layer_norm_eps);  // [N, D]
}

at::Tensor BertModel::activated(const at::Tensor& h) const {
  if (config_.activation == BertActivation::relu) return at::relu(h);                     // [N, F]
  return at::gelu(h, config_.activation == BertActivation::gelu_tanh ? "tanh" : "none");  // [N, F]
}

at::Tensor BertModel::embedded(const PackedIds& input) const {
  std::vector<at::Tensor> rows;
  for (std::int64_t row = 0; row < input.packing.rows(); ++row)
    rows.push_back(positions_.narrow(0, 0, input.packing.length(row)));
  return normed(at::embedding(words_, input.ids).add_(at::cat(rows)), embedding_norm_);  // [N, D]
}

at::Tensor BertModel::encode_states(const PackedIds& input) const {
  const at::NoGradGuard no_gradients;
  const AttentionInputs attention{self_attention_runs(input.packing), config_.num_attention_heads};
  at::Tensor x = embedded(input);  // [N, D]
  for (const Layer& layer : layers_) {
    const at::Tensor qkv = layer.qkv.forward(x);                                          // [N, 3 H K]
    const at::Tensor mixed = packed_attention(qkv, qkv, config_.hidden_size, attention);  // [N, H K]
    x = normed(layer.output.forward(mixed).add_(x), layer.attention_norm);                // [N, D]
    const at::Tensor inner = activated(layer.up.forward(x));                              // [N, F]
    x = normed(layer.down.forward(inner).add_(x), layer.output_norm);                     // [N, D]
  }
  return x;
}

}  // namespace phatgoose
