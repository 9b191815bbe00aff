// Reading, making and writing the weights of a T5 model under their Hugging Face names.
#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <cmath>
#include <functional>

#include "phatgoose/base/error.h"
#include "phatgoose/nn/t5_model.h"
#include "phatgoose/nn/t5_stack.h"
#include "phatgoose/nn/tensor_bridge.h"
#include "phatgoose/store/float_values.h"
#include "phatgoose/store/t5_checkpoint.h"

namespace phatgoose {
namespace {

/// Gives the tensor stored as `name` with `shape` its values; called once for every tensor of the model.
using Fill = std::function<void(const std::string& name, at::Tensor target)>;

constexpr const char* kEmbedding = kEmbeddingNames.front();

/// Allocates every tensor and fills it. Fused weights are filled member by member, so nothing is held twice.
class Builder {
 public:
  Builder(const T5Config& config, at::TensorOptions options, Fill fill) : options_(options), fill_(std::move(fill)) {
    weights_.config = config;
  }

  T5Weights build(bool separate_head) {
    const T5Config& c = weights_.config;
    const at::Tensor embedding = add(kEmbedding, {c.vocab_size, c.d_model});  // [V, D]
    weights_.separate_head = separate_head;
    weights_.head = FrozenWeight(separate_head ? add(kHeadName, {c.vocab_size, c.d_model}) : embedding);
    for (const char* stack : {"encoder", "decoder"}) {
      add(position_table_name(stack), {c.relative_attention_num_buckets, c.num_heads});
    }
    for (const LinearGroupSpec& spec : linear_groups(c)) add_group(spec);
    add_norms("encoder", c.num_layers, 2);
    add_norms("decoder", c.num_decoder_layers, 3);
    for (const char* stack : {"encoder", "decoder"}) add(final_norm_name(stack), {c.d_model});
    return std::move(weights_);
  }

 private:
  at::Tensor add(const std::string& name, const std::vector<std::int64_t>& shape) {
    at::Tensor tensor = at::empty(shape, options_);
    fill_(name, tensor);
    weights_.unfused.emplace_back(name, tensor);
    return tensor;
  }

  void add_norms(const char* stack, std::int64_t blocks, int layers) {
    for (std::int64_t block = 0; block < blocks; ++block) {
      for (int layer = 0; layer < layers; ++layer) add(layer_norm_name(stack, block, layer), {weights_.config.d_model});
    }
  }

  void add_group(const LinearGroupSpec& spec) {
    std::int64_t total = 0;
    for (const LinearSpec& linear : spec.linears) total += linear.out;
    at::Tensor weight = at::empty({total, spec.linears.front().in}, options_);  // [G, in]
    std::int64_t begin = 0;
    for (const LinearSpec& linear : spec.linears) {
      fill_(linear.path + ".weight", weight.narrow(0, begin, linear.out));
      begin += linear.out;
    }
    weights_.groups.push_back(std::make_unique<LinearGroup>(spec, std::move(weight)));
    for (const LinearSpec& linear : spec.linears) weights_.group_of[linear.path] = weights_.groups.back().get();
  }

  T5Weights weights_ = {};
  at::TensorOptions options_;
  Fill fill_;
};

Fill from_checkpoint(const T5Checkpoint& checkpoint) {
  return [&checkpoint](const std::string& name, at::Tensor target) {
    const TensorArchive& archive = *checkpoint.tensors;
    const std::string& stored = name == kEmbedding ? checkpoint.embedding : name;
    const TensorView& view = archive.at(stored, shape_of(target));
    // Judged where it lies: a temporary of every weight would scatter the heap, half the model's size of it.
    if (!all_finite(view))
      refuse(archive.where(stored), "NaN or infinite values", "finite weights",
             "the checkpoint is damaged or was saved from a diverged run");
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

NamedTensors T5Model::named_parameters() const { return stacks_->weights.named_parameters(); }

NamedTensors T5Model::storage_parameters() const {
  NamedTensors named = stacks_->weights.unfused;
  for (const LinearGroup* group : groups()) {
    std::string name;
    for (const LinearSpec& linear : group->spec().linears) name += (name.empty() ? "" : "+") + linear.path;
    named.emplace_back(name + ".weight", group->weight());
  }
  return named;
}

namespace {

/// The head for a file that does not tie it: the scale of its input, where there is one, becomes part of it.
at::Tensor untied_head(const T5Weights& weights) {
  const at::Tensor head = weights.head.dense().detach().to(at::kFloat);  // [V, D]
  const T5Config& config = weights.config;
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
  if (!tied) named.emplace_back(kHeadName, untied_head(stacks_->weights));
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
