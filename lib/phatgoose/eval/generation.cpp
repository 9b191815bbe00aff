#include "phatgoose/eval/generation.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <numeric>

#include "phatgoose/nn/cached_decoder.h"

namespace phatgoose {

std::vector<TokenIds> generate_greedy(const T5Model& model, const PackedIds& inputs, std::int64_t max_new_tokens,
                                      EncoderCache* encoder) {
  const at::NoGradGuard no_grad;
  std::vector<TokenIds> outputs(static_cast<std::size_t>(inputs.packing.rows()));
  if (outputs.empty()) return outputs;
  const auto eos = static_cast<TokenId>(model.config().eos_token_id);
  const EncodedRows encoded = encode_with(model, inputs, encoder);
  CachedDecoder decoder(model, encoded, max_new_tokens);

  std::vector<std::size_t> live(outputs.size());  // output of every row that the decoder still holds
  std::iota(live.begin(), live.end(), 0);
  at::Tensor ids = at::full({inputs.packing.rows()}, model.config().decoder_start_token_id,
                            at::TensorOptions(model.device()).dtype(at::kLong));  // [rows]
  for (std::int64_t step = 0; step < max_new_tokens && !live.empty(); ++step) {
    ids = model.logits(decoder.step(ids)).argmax(-1);  // [rows]
    const at::Tensor on_cpu = ids.cpu();
    const std::int64_t* next = on_cpu.const_data_ptr<std::int64_t>();
    std::vector<std::int64_t> unfinished;
    std::vector<std::size_t> still_live;
    for (std::size_t row = 0; row < live.size(); ++row) {
      outputs[live[row]].push_back(static_cast<TokenId>(next[row]));
      if (next[row] == eos) continue;
      unfinished.push_back(static_cast<std::int64_t>(row));
      still_live.push_back(live[row]);
    }
    if (unfinished.size() < live.size() && !unfinished.empty()) {
      decoder.keep(unfinished);
      ids = ids.index_select(0, at::tensor(unfinished, at::kLong).to(ids.device()));
    }
    live = std::move(still_live);
  }
  return outputs;
}

}  // namespace phatgoose
