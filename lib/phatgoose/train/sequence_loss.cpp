#include "phatgoose/train/sequence_loss.h"

#include <ATen/ATen.h>

#include "phatgoose/data/batching.h"
#include "phatgoose/nn/loss.h"

namespace phatgoose {

at::Tensor SequenceLoss::sum(std::span<const Example> examples, std::span<const std::int64_t> rows,
                             const Dropout* dropout) const {
  std::vector<TokenIds> inputs, targets;
  std::vector<std::int64_t> source_rows, tasks;
  for (const std::int64_t row : rows) {
    source_rows.push_back(static_cast<std::int64_t>(inputs.size()));
    inputs.push_back(examples[row].input);
    targets.push_back(examples[row].target);
    tasks.push_back(examples[row].task);
  }
  const auto start = static_cast<TokenId>(model_.config().decoder_start_token_id);
  PackedIds packed = pack_ids(inputs, model_.device());
  packed.rows.tasks = at::tensor(tasks, at::kLong);  // [rows]
  const EncodedRows encoded = model_.encode(packed, dropout);
  const PackedIds decoder_inputs = pack_decoder_inputs(targets, start, model_.device());
  const at::Tensor hidden = model_.decode(decoder_inputs, encoded, source_rows, dropout);   // [N_tgt, D]
  return cross_entropy_sum(hidden, model_.head(), pack_ids(targets, model_.device()).ids);  // []
}

double SequenceLoss::divisor(std::span<const Example> examples) const {
  return static_cast<double>(target_token_count(examples));
}

}  // namespace phatgoose
