// Writes a T5-XL-sized checkpoint of random numbers, or loads one, runs a batch and judges the peak memory.
//
//   large-model write DIR          config.json and model.safetensors (bf16, 5.7 GB)
//   large-model run DIR fp32|bf16  one line with the figures; exit 1 when the peak exceeds the model's size by 15 %
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <bit>
#include <chrono>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "phatgoose/base/random.h"
#include "phatgoose/nn/device.h"
#include "phatgoose/nn/loss.h"
#include "phatgoose/nn/t5_model.h"
#include "phatgoose/store/safetensors.h"

namespace phatgoose {
namespace {

constexpr double kAllowance = 1.15;

T5Config xl_config() {
  T5Config config;
  config.d_model = 2048;
  config.d_ff = 5120;
  config.num_layers = config.num_decoder_layers = 24;
  config.num_heads = 32;
  config.tie_word_embeddings = false;
  return config;
}

/// Bytes of bf16 numbers of standard deviation `scale` around `centre`.
std::vector<std::uint16_t> random_bf16(std::int64_t count, float centre, float scale) {
  RandomStream stream(1);
  std::vector<std::uint16_t> numbers(static_cast<std::size_t>(count));
  for (auto& number : numbers) {
    const float value = centre + scale * static_cast<float>(stream.normal());
    number = static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(value) >> 16);
  }
  return numbers;
}

/// Collects tensors that all show the beginning of the same two buffers, so that writing takes little memory.
class Checkpoint {
 public:
  explicit Checkpoint(const T5Config& config)
      : config_(config),
        weights_(random_bf16(config.vocab_size * config.d_model, 0.0F, 0.02F)),
        norms_(random_bf16(config.d_model, 1.0F, 0.1F)) {
    add_weight("shared.weight", {config.vocab_size, config.d_model});
    add_weight("lm_head.weight", {config.vocab_size, config.d_model});
    for (const LinearSpec& linear : adapted_linears(config))
      add_weight(linear.path + ".weight", {linear.out, linear.in});
    add_stack("encoder", config.num_layers, 2);
    add_stack("decoder", config.num_decoder_layers, 3);
  }

  void write(const fs::path& directory) const {
    make_directories(directory);
    write_safetensors(directory / "model.safetensors", tensors_, {{"format", "pt"}});
    write_file(directory / "config.json", to_json(config_, "bfloat16").dump(1) + "\n");
  }

 private:
  void add(const std::string& name, const Shape& shape, const std::vector<std::uint16_t>& numbers) {
    const auto all = std::as_bytes(std::span(numbers));
    const auto size = static_cast<std::size_t>(count_of(shape)) * sizeof(std::uint16_t);
    tensors_.push_back({name, {DType::bf16, shape, all.first(size)}});
  }
  void add_weight(const std::string& name, const Shape& shape) { add(name, shape, weights_); }
  void add_norm(const std::string& name) { add(name, {config_.d_model}, norms_); }

  void add_stack(const std::string& stack, std::int64_t blocks, int layers) {
    add_weight(stack + ".block.0.layer.0.SelfAttention.relative_attention_bias.weight",
               {config_.relative_attention_num_buckets, config_.num_heads});
    for (std::int64_t block = 0; block < blocks; ++block)
      for (int layer = 0; layer < layers; ++layer)
        add_norm(stack + ".block." + std::to_string(block) + ".layer." + std::to_string(layer) + ".layer_norm.weight");
    add_norm(stack + ".final_layer_norm.weight");
  }

  T5Config config_;
  std::vector<std::uint16_t> weights_, norms_;
  std::vector<NamedTensor> tensors_;
};

/// Peak resident memory of this process, file pages included.
double peak_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (word == "VmHWM:" && status >> word) return std::stod(word) * 1024;
  throw std::runtime_error("/proc/self/status has no VmHWM");
}

/// Mean loss of two rows of 24 and 8 tokens.
double run_batch(const T5Model& model) {
  const at::NoGradGuard no_gradients;
  RandomStream stream(2);
  const auto row = [&](int length) {
    TokenIds ids;
    while (static_cast<int>(ids.size()) < length - 1) ids.push_back(static_cast<TokenId>(3 + stream.below(30000)));
    ids.push_back(kEosId);
    return ids;
  };
  const std::vector<TokenIds> sources = {row(24), row(8)}, targets = {row(4), row(2)};
  const auto encoded = model.encode(pack_ids(sources, model.device()));
  const auto inputs = pack_decoder_inputs(targets, model.config().decoder_start_token_id, model.device());
  const auto hidden = model.decode(inputs, encoded, std::vector<std::int64_t>{0, 1});  // [N_tgt, D]
  const auto wanted = pack_ids(targets, model.device());
  return cross_entropy_sum(hidden, model.head(), wanted.ids).item<double>() /
         static_cast<double>(wanted.packing.tokens());
}

int load_and_run(const fs::path& directory, const std::string& dtype) {
  using Clock = std::chrono::steady_clock;
  const auto seconds_since = [](Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  const auto start = Clock::now();
  keep_freed_memory();  // as every command does
  auto model = T5Model::load(directory, at::kCPU, parse_dtype(dtype));
  double model_bytes = 0;
  for (const auto& [name, tensor] : model.storage_parameters()) model_bytes += static_cast<double>(tensor.nbytes());
  model.pack_weights();
  const double load_seconds = seconds_since(start);
  const double loaded_peak = peak_bytes();
  const auto loaded = Clock::now();
  const double loss = run_batch(model);
  const double ratio = peak_bytes() / model_bytes;
  std::cout << dtype << ": model " << model_bytes / 1e9 << " GB, peak " << loaded_peak / 1e9 << " GB after loading, "
            << peak_bytes() / 1e9 << " GB after a batch (" << ratio << " of the model, limit " << kAllowance
            << "); loading " << load_seconds << " s, batch " << seconds_since(loaded) << " s, loss " << loss << '\n';
  return ratio <= kAllowance && std::isfinite(loss) ? 0 : 1;
}

}  // namespace
}  // namespace phatgoose

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  try {
    if (arguments.size() == 2 && arguments[0] == "write") {
      phatgoose::Checkpoint(phatgoose::xl_config()).write(arguments[1]);
      return 0;
    }
    if (arguments.size() == 3 && arguments[0] == "run") return phatgoose::load_and_run(arguments[1], arguments[2]);
    std::cerr << "usage: large-model write DIR | run DIR fp32|bf16\n";
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "large-model: " << error.what() << '\n';
    return 1;
  }
}
