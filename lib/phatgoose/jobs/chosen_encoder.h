// The sentence encoder that a command's options name.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "phatgoose/embed/sentence_encoder.h"
#include "phatgoose/nn/t5_model.h"
#include "phatgoose/text/tokenizer.h"

namespace phatgoose {

class ChosenEncoder {
 public:
  /// That of the directory `encoder`; without one, the mean of the encoder states of `base`, whose tokenizer must be
  /// there: bad_data.
  ChosenEncoder(const std::optional<std::string>& encoder, const std::string& base, at::Device device,
                at::ScalarType dtype);
  ChosenEncoder(const ChosenEncoder&) = delete;
  ChosenEncoder& operator=(const ChosenEncoder&) = delete;

  const SentenceEncoder& operator*() const { return *encoder_; }
  const SentenceEncoder* operator->() const { return encoder_.get(); }

 private:
  std::optional<Tokenizer> tokenizer_;
  std::optional<T5Model> model_;
  std::unique_ptr<SentenceEncoder> encoder_;  // may refer to both
};

}  // namespace phatgoose
