// Reading, making and writing the weights of a T5 model under their Hugging Face names.
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <cmath>
#include <functional>

#include "phatgoose/base/error.h"
#include "phatgoose/nn/t5_layers.h"
#include "phatgoose/nn/t5_model.h"
#include "phatgoose/nn/tensor_bridge.h"
#include "phatgoose/store/finite.h"
#include "phatgoose/store/t5_checkpoint.h"

namespace phatgoose {
namespace {

/// Gives the tensor stored as `name` with `shape` its values; called once for every tensor of the model.
using Fill = std::function<void(const std::string& name, at::Tensor target)>;

constexpr const char* kEmbedding = kEmbeddingNames.front();

/// Allocates every tensor and fills it. Fused weights are filled member by member, so nothing is held twice.
class Builder {
 public:
  Builder(const T5Config& config, at::TensorOptions options, Fill fill)
      : layers_(std::make_unique<T5Layers>()), options_(options), fill_(std::move(fill)) {
    layers_->config = config;
  }

  std::unique_ptr<T5Layers> build(bool separate_head) {
    const T5Config& c = layers_->config;
    layers_->embedding = filled(kEmbedding, {c.vocab_size, c.d_model});
    layers_->separate_head = separate_head;
    layers_->head = FrozenWeight(separate_head ? filled(kHeadName, {c.vocab_size, c.d_model}) : layers_->embedding);
    const std::vector<std::int64_t> table = {c.relative_attention_num_buckets, c.num_heads};
    layers_->encoder_bias = filled(position_table_name("encoder"), table);
    layers_->decoder_bias = filled(position_table_name("decoder"), table);
    for (const LinearGroupSpec& spec : linear_groups(c)) layers_->groups.push_back(group(spec));
    for (std::int64_t i = 0; i < c.num_layers; ++i) {
      const at::Tensor norm = norm_of("encoder", i, 0);
      SelfAttentionLayer self{norm, next(), next()};
      layers_->encoder.push_back({self, feed_forward_of("encoder", i, 1)});
    }
    for (std::int64_t i = 0; i < c.num_decoder_layers; ++i) {
      SelfAttentionLayer self{norm_of("decoder", i, 0), next(), next()};
      CrossAttentionLayer cross{norm_of("decoder", i, 1), next(), next(), next()};
      layers_->decoder.push_back({self, cross, feed_forward_of("decoder", i, 2)});
    }
    layers_->encoder_norm = filled(final_norm_name("encoder"), {c.d_model});
    layers_->decoder_norm = filled(final_norm_name("decoder"), {c.d_model});
    return std::move(layers_);
  }

 private:
  at::Tensor filled(const std::string& name, const std::vector<std::int64_t>& shape) {
    at::Tensor tensor = at::empty(shape, options_);
    fill_(name, tensor);
    return tensor;
  }

  at::Tensor norm_of(const char* stack, std::int64_t block, int layer) {
    return filled(layer_norm_name(stack, block, layer), {layers_->config.d_model});
  }

  std::unique_ptr<LinearGroup> group(const LinearGroupSpec& spec) {
    std::int64_t total = 0;
    for (const LinearSpec& linear : spec.linears) total += linear.out;
    at::Tensor weight = at::empty({total, spec.linears.front().in}, options_);  // [G, in]
    std::int64_t begin = 0;
    for (const LinearSpec& linear : spec.linears) {
      fill_(linear.path + ".weight", weight.narrow(0, begin, linear.out));
      begin += linear.out;
    }
    return std::make_unique<LinearGroup>(spec, std::move(weight));
  }

  LinearGroup* next() { return layers_->groups[next_group_++].get(); }

  FeedForwardLayer feed_forward_of(const char* stack, std::int64_t block, int layer) {
    return {norm_of(stack, block, layer), next(), next()};
  }

  std::unique_ptr<T5Layers> layers_;
  at::TensorOptions options_;
  Fill fill_;
  std::size_t next_group_ = 0;
};

Fill from_checkpoint(const T5Checkpoint& checkpoint) {
  return [&checkpoint](const std::string& name, at::Tensor target) {
    const TensorArchive& archive = *checkpoint.tensors;
    const std::string& stored = name == kEmbedding ? checkpoint.embedding : name;
    const TensorView& view = archive.at(stored, shape_of(target));
    // Judged where it lies: a temporary of every weight would scatter the heap, half the model's size of it.
    if (!all_finite(view))
      fail(ExitCode::bad_data, {.where = archive.where(stored),
                                .found = "NaN or infinite values",
                                .expected = "finite weights",
                                .hint = "the checkpoint is damaged or was saved from a diverged run"});
    copy_into(target, view);
    archive.release(stored);
  };
}

bool ends_with(const std::string& text, const std::string& ending) {
  return text.size() >= ending.size() && text.compare(text.size() - ending.size(), ending.size(), ending) == 0;
}

/// Standard deviation of T5's initial weights (mesh-tensorflow); 0 stands for the constant 1 of norms.
double initial_scale(const std::string& name, const T5Config& c) {
  const auto power = [](std::int64_t size) { return std::pow(static_cast<double>(size), -0.5); };
  if (name == kEmbedding) return 1.0;
  if (ends_with(name, "norm.weight")) return 0.0;
  if (ends_with(name, "Attention.q.weight")) return power(c.d_model * c.d_kv);
  if (ends_with(name, "Attention.o.weight")) return power(c.inner_dim());
  if (ends_with(name, ".wo.weight")) return power(c.d_ff);
  return power(c.d_model);  // k, v, wi, head, position tables
}

}  // namespace

T5Model T5Model::load(const fs::path& directory, at::Device device, at::ScalarType dtype) {
  const T5Checkpoint checkpoint = open_t5_checkpoint(directory);
  Builder builder(checkpoint.config, at::TensorOptions(device).dtype(dtype), from_checkpoint(checkpoint));
  return T5Model(builder.build(checkpoint.separate_head));
}

T5Model T5Model::random(const T5Config& config, bool separate_head, std::uint64_t seed, at::Device device,
                        at::ScalarType dtype) {
  at::Generator generator = at::detail::createCPUGenerator(seed);
  const Fill fill = [&](const std::string& name, at::Tensor target) {
    const double scale = initial_scale(name, config);
    if (scale == 0.0) {
      target.fill_(1.0);
    } else {
      target.copy_(at::empty(target.sizes(), at::kFloat).normal_(0.0, scale, generator));
    }
  };
  return T5Model(Builder(config, at::TensorOptions(device).dtype(dtype), fill).build(separate_head));
}

namespace {

using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

void add_unfused(const T5Layers& layers, NamedTensors& named) {
  named.emplace_back(kEmbedding, layers.embedding);
  if (layers.separate_head) named.emplace_back(kHeadName, layers.head.dense());
  named.emplace_back(position_table_name("encoder"), layers.encoder_bias);
  named.emplace_back(position_table_name("decoder"), layers.decoder_bias);
  for (std::size_t i = 0; i < layers.encoder.size(); ++i) {
    named.emplace_back(layer_norm_name("encoder", i, 0), layers.encoder[i].self_attention.norm);
    named.emplace_back(layer_norm_name("encoder", i, 1), layers.encoder[i].feed_forward.norm);
  }
  for (std::size_t i = 0; i < layers.decoder.size(); ++i) {
    named.emplace_back(layer_norm_name("decoder", i, 0), layers.decoder[i].self_attention.norm);
    named.emplace_back(layer_norm_name("decoder", i, 1), layers.decoder[i].cross_attention.norm);
    named.emplace_back(layer_norm_name("decoder", i, 2), layers.decoder[i].feed_forward.norm);
  }
  named.emplace_back(final_norm_name("encoder"), layers.encoder_norm);
  named.emplace_back(final_norm_name("decoder"), layers.decoder_norm);
}

}  // namespace

std::vector<std::pair<std::string, at::Tensor>> T5Model::named_parameters() const {
  NamedTensors named;
  add_unfused(*layers_, named);
  for (const auto& group : layers_->groups) {
    for (std::size_t i = 0; i < group->spec().linears.size(); ++i) {
      const LinearSpec& linear = group->spec().linears[i];
      named.emplace_back(linear.path + ".weight", group->weight().narrow(0, group->begin(i), linear.out));
    }
  }
  return named;
}

std::vector<std::pair<std::string, at::Tensor>> T5Model::storage_parameters() const {
  NamedTensors named;
  add_unfused(*layers_, named);
  for (const auto& group : layers_->groups) {
    std::string name;
    for (const LinearSpec& linear : group->spec().linears) name += (name.empty() ? "" : "+") + linear.path;
    named.emplace_back(name + ".weight", group->weight());
  }
  return named;
}

namespace {

/// The head for a file that does not tie it: the scale of its input, where there is one, becomes part of it.
at::Tensor untied_head(const T5Layers& layers) {
  const at::Tensor head = layers.head.dense().detach().to(at::kFloat);  // [V, D]
  const T5Config& config = layers.config;
  return config.scale_decoder_outputs ? head * std::pow(static_cast<double>(config.d_model), -0.5) : head;  // [V, D]
}

}  // namespace

void T5Model::save(const fs::path& directory, at::ScalarType dtype) const {
  make_directories(directory);
  // What all versions of `transformers` read alike: the embedding as the head of a scaled output, or else a head of its
  // own and no scale.
  const bool tied = config().scale_decoder_outputs && !has_separate_head();
  NamedTensors named = named_parameters();
  std::erase_if(named, [](const auto& entry) { return entry.first == kHeadName; });
  if (!tied) named.emplace_back(kHeadName, untied_head(*layers_));
  std::vector<at::Tensor> keep;  // what the views point at
  std::vector<NamedTensor> tensors;
  for (const auto& [name, tensor] : named) {
    keep.push_back(tensor.detach().to(at::kCPU, dtype).contiguous());
    tensors.push_back(to_named(name, keep.back()));
  }
  write_safetensors(directory / "model.safetensors", std::move(tensors), {{"format", "pt"}});
  const char* dtype_name = dtype == at::kBFloat16 ? "bfloat16" : "float32";
  T5Config written = config();
  written.tie_word_embeddings = written.scale_decoder_outputs = tied;
  write_file(directory / "config.json", to_json(written, dtype_name).dump(2) + "\n");
}

}  // namespace phatgoose
