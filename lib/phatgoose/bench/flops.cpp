#include "phatgoose/bench/flops.h"

#include <functional>
#include <numeric>

namespace phatgoose {
namespace {

/// Sum over all adapted linears and the tokens that pass them of `cost(linear)`.
double over_linears(const T5Config& config, const RowLengths& rows,
                    const std::function<double(const LinearSpec&)>& cost) {
  double sum = 0;
  for (const LinearGroupSpec& group : linear_groups(config)) {
    const auto tokens = static_cast<double>(group.on_encoder_tokens ? rows.input_tokens() : rows.target_tokens());
    for (const LinearSpec& linear : group.linears) sum += tokens * cost(linear);
  }
  return sum;
}

double linear_flops(const T5Config& config, const RowLengths& rows) {
  const double linears = over_linears(config, rows, [](const LinearSpec& linear) {
    return 2.0 * static_cast<double>(linear.in) * static_cast<double>(linear.out);
  });
  const auto head = static_cast<double>(config.vocab_size * config.d_model);
  return linears + 2.0 * head * static_cast<double>(rows.target_tokens());
}

double attention_flops(const T5Config& config, const RowLengths& rows) {
  double encoder_pairs = 0, decoder_pairs = 0;
  for (const std::int64_t length : rows.inputs) encoder_pairs += static_cast<double>(length * length);
  for (std::size_t i = 0; i < rows.targets.size(); ++i) {
    const std::int64_t source = rows.inputs[i / static_cast<std::size_t>(rows.targets_per_input)];
    decoder_pairs += static_cast<double>(rows.targets[i] * (rows.targets[i] + source));
  }
  return 4.0 * static_cast<double>(config.inner_dim()) *
         (encoder_pairs * static_cast<double>(config.num_layers) +
          decoder_pairs * static_cast<double>(config.num_decoder_layers));
}

/// LoRA parameters times the tokens that pass them.
double lora_work(const T5Config& config, const RowLengths& rows, std::int64_t rank) {
  return over_linears(config, rows,
                      [&](const LinearSpec& linear) { return static_cast<double>(rank * (linear.in + linear.out)); });
}

}  // namespace

std::int64_t RowLengths::input_tokens() const { return std::accumulate(inputs.begin(), inputs.end(), std::int64_t{0}); }

std::int64_t RowLengths::target_tokens() const {
  return std::accumulate(targets.begin(), targets.end(), std::int64_t{0});
}

double forward_flops(const T5Config& config, const RowLengths& rows) {
  return linear_flops(config, rows) + attention_flops(config, rows);
}

double lora_flops(const T5Config& config, const RowLengths& rows, std::int64_t rank) {
  return 2.0 * lora_work(config, rows, rank);
}

double routing_flops(const T5Config& config, const RowLengths& rows, std::int64_t rank, std::int64_t experts,
                     std::int64_t k) {
  const double scores = over_linears(
      config, rows, [&](const LinearSpec& linear) { return 2.0 * static_cast<double>(experts * linear.in); });
  return scores + static_cast<double>(std::min(k, experts)) * lora_flops(config, rows, rank);
}

double training_flops(const T5Config& config, const RowLengths& rows, std::int64_t rank) {
  return 2.0 * linear_flops(config, rows) + 3.0 * attention_flops(config, rows) + 6.0 * lora_work(config, rows, rank);
}

}  // namespace phatgoose
