#include "phatgoose/embed/base_sentence_encoder.h"

#include <ATen/ATen.h>

#include "phatgoose/embed/text_batches.h"

namespace phatgoose {
namespace {

constexpr std::int64_t kMaxLength = 512;

}  // namespace

BaseSentenceEncoder::BaseSentenceEncoder(const T5Model& model, const Tokenizer& tokenizer, std::string fingerprint)
    : model_(model), tokenizer_(tokenizer), fingerprint_(std::move(fingerprint)) {}

std::int64_t BaseSentenceEncoder::dimension() const { return model_.config().d_model; }

std::int64_t BaseSentenceEncoder::max_length() const { return kMaxLength; }

bool BaseSentenceEncoder::cuts(const std::string& text, TextRole) const {
  return std::ssize(tokenizer_.encode(text)) + 1 > kMaxLength;
}

at::Tensor BaseSentenceEncoder::embed(std::span<const std::string> texts, TextRole) const {
  std::vector<TokenIds> rows;
  for (const std::string& text : texts) rows.push_back(tokenizer_.encode_with_eos(text, kMaxLength));
  return embed_rows(rows, dimension(), Pooling::mean, model_.device(),
                    [this](const PackedIds& input) { return model_.encode_base_states(input); });
}

}  // namespace phatgoose
