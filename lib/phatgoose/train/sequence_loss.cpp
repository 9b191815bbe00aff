#include "phatgoose/train/sequence_loss.h"

#include <ATen/ATen.h>

#include "phatgoose/base/signals.h"
#include "phatgoose/data/batching.h"
#include "phatgoose/nn/loss.h"

namespace phatgoose {

std::vector<std::vector<std::int64_t>> passes_of(std::span<const Example> examples, std::int64_t tokens) {
  std::vector<std::int64_t> lengths;
  for (const Example& example : examples) {
    lengths.push_back(static_cast<std::int64_t>(example.input.size() + example.target.size()));
  }
  return length_groups(lengths, {.tokens = tokens});
}

std::int64_t target_token_count(std::span<const Example> examples) {
  std::int64_t count = 0;
  for (const Example& example : examples) count += static_cast<std::int64_t>(example.target.size());
  return count;
}

std::int64_t token_count(std::span<const Example> examples) {
  std::int64_t count = target_token_count(examples);
  for (const Example& example : examples) count += static_cast<std::int64_t>(example.input.size());
  return count;
}

at::Tensor sequence_loss_sum(const T5Model& model, std::span<const Example> examples,
                             std::span<const std::int64_t> rows, const Dropout* dropout) {
  std::vector<TokenIds> inputs, targets;
  std::vector<std::int64_t> source_rows;
  for (const std::int64_t row : rows) {
    source_rows.push_back(static_cast<std::int64_t>(inputs.size()));
    inputs.push_back(examples[row].input);
    targets.push_back(examples[row].target);
  }
  const auto start = static_cast<TokenId>(model.config().decoder_start_token_id);
  const EncodedRows encoded = model.encode(pack_ids(inputs, model.device()), dropout);
  const PackedIds decoder_inputs = pack_decoder_inputs(targets, start, model.device());
  const at::Tensor hidden = model.decode(decoder_inputs, encoded, source_rows, dropout);  // [N_tgt, D]
  return cross_entropy_sum(hidden, model.head(), pack_ids(targets, model.device()).ids);  // []
}

std::optional<double> mean_loss(const T5Model& model, std::span<const Example> examples, std::int64_t pass_tokens) {
  const at::NoGradGuard no_grad;
  double sum = 0;
  for (const std::vector<std::int64_t>& rows : passes_of(examples, pass_tokens)) {
    if (stop_requested()) return std::nullopt;
    sum += sequence_loss_sum(model, examples, rows).item<double>();
  }
  return sum / static_cast<double>(target_token_count(examples));
}

}  // namespace phatgoose
