#include "phatgoose/train/sequence_loss.h"

#include <ATen/ATen.h>

#include "phatgoose/data/batching.h"
#include "phatgoose/nn/loss.h"
#include "phatgoose/train/packed_inputs.h"

namespace phatgoose {

at::Tensor SequenceLoss::sum(std::span<const Example> examples, std::span<const std::int64_t> rows,
                             const Dropout* dropout) const {
  std::vector<TokenIds> targets;
  std::vector<std::int64_t> source_rows;
  for (const std::int64_t row : rows) {
    source_rows.push_back(static_cast<std::int64_t>(targets.size()));
    targets.push_back(examples[row].target);
  }
  const auto start = static_cast<TokenId>(model_.config().decoder_start_token_id);
  const EncodedRows encoded = model_.encode(pack_inputs(examples, rows, model_.device()), dropout);
  const PackedIds decoder_inputs = pack_decoder_inputs(targets, start, model_.device());
  const at::Tensor hidden = model_.decode(decoder_inputs, encoded, source_rows, dropout);  // [N_tgt, D]
  return cross_entropy_sum(hidden, model_.head(), pack_ids(targets, model_.device()).ids, settings_.smoothing);  // []
}

double SequenceLoss::divisor(std::span<const Example> examples) const {
  return settings_.mean ? static_cast<double>(target_token_count(examples)) : 1.0;
}

}  // namespace phatgoose
