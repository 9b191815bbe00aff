// The stand-in where no sentence encoder is given: the mean of the base model's own encoder states.
#pragma once

#include "phatgoose/embed/sentence_encoder.h"
#include "phatgoose/nn/t5_model.h"
#include "phatgoose/text/tokenizer.h"

namespace phatgoose {

/// Mean over the tokens of a text (the first 512, EOS included) of the encoder's final states, made unit length; the
/// same in every role.
class BaseSentenceEncoder : public SentenceEncoder {
 public:
  /// Keeps references: `model` and `tokenizer` must outlive the encoder. Adapters that `model` may carry are passed
  /// over. `fingerprint` is base_fingerprint() of the base.
  BaseSentenceEncoder(const T5Model& model, const Tokenizer& tokenizer, std::string fingerprint);

  at::Tensor embed(std::span<const std::string> texts, TextRole role) const override;  // [n, D]
  std::int64_t dimension() const override;
  std::int64_t max_length() const override;
  bool cuts(const std::string& text, TextRole role) const override;
  std::string name() const override { return "base encoder mean"; }
  std::string fingerprint() const override { return fingerprint_; }

 private:
  const T5Model& model_;
  const Tokenizer& tokenizer_;
  std::string fingerprint_;
};

}  // namespace phatgoose
