#include "phatgoose/train/few_shot_loss.h"

#include <ATen/ATen.h>

#include "phatgoose/nn/loss.h"
#include "phatgoose/train/few_shot_terms.h"
#include "phatgoose/train/packed_inputs.h"

namespace phatgoose {

namespace {

/// The log-likelihoods of the answers' tokens, row after row.
at::Tensor log_likelihoods_of_answers(const T5Model& model, std::span<const Example> examples,
                                      std::span<const std::int64_t> rows, const Dropout* dropout) {
  std::vector<TokenIds> answers;
  std::vector<std::int64_t> source_rows;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (const TokenIds& answer : examples[rows[i]].answers()) {
      source_rows.push_back(static_cast<std::int64_t>(i));
      answers.push_back(answer);
    }
  }
  const auto start = static_cast<TokenId>(model.config().decoder_start_token_id);
  const EncodedRows encoded = model.encode(pack_inputs(examples, rows, model.device()), dropout);
  const PackedIds decoder_inputs = pack_decoder_inputs(answers, start, model.device());
  const at::Tensor hidden = model.decode(decoder_inputs, encoded, source_rows, dropout);       // [N_tgt, D]
  return target_log_likelihoods(hidden, model.head(), pack_ids(answers, model.device()).ids);  // [N_tgt]
}

}  // namespace

at::Tensor FewShotLoss::sum(std::span<const Example> examples, std::span<const std::int64_t> rows,
                            const Dropout* dropout) const {
  const FewShotCounts counts = FewShotCounts::of(examples);
  const at::Tensor log_likelihoods = log_likelihoods_of_answers(model_, examples, rows, dropout);  // [N_tgt]
  const at::Tensor known = log_likelihoods.detach().to(at::kCPU);
  const at::Tensor derivatives = at::empty_like(known);
  const auto size = static_cast<std::size_t>(known.numel());
  const std::span<const float> values(known.const_data_ptr<float>(), size);
  const std::span<float> slopes(derivatives.mutable_data_ptr<float>(), size);
  double loss = 0;
  std::size_t first = 0;
  for (const std::int64_t row : rows) {
    std::size_t tokens = 0;
    for (const TokenIds& answer : examples[row].answers()) tokens += answer.size();
    loss += few_shot_terms(examples[row], counts, values.subspan(first, tokens), slopes.subspan(first, tokens)).sum();
    first += tokens;
  }
  // The loss, with these derivatives.
  const at::Tensor nothing = log_likelihoods - log_likelihoods.detach();
  return at::dot(nothing, derivatives.to(nothing.device())) + loss;
}

double FewShotLoss::divisor(std::span<const Example> /*examples*/) const { return 1; }

}  // namespace phatgoose
