#include "phatgoose/jobs/chosen_encoder.h"

#include "phatgoose/base/error.h"
#include "phatgoose/embed/base_sentence_encoder.h"
#include "phatgoose/routing/adapted_model.h"
#include "phatgoose/store/manifest.h"

namespace phatgoose {

ChosenEncoder::ChosenEncoder(const std::optional<std::string>& encoder, const std::string& base, at::Device device,
                             at::ScalarType dtype)
    : tokenizer_(encoder ? std::optional<Tokenizer>() : Tokenizer::of_base(base, read_t5_config(base).vocab_size)) {
  if (encoder) {
    encoder_ = load_sentence_encoder(*encoder, device);
    return;
  }
  if (!tokenizer_) refuse(base, "a base without tokenizer, and no --encoder", "a sentence encoder for the texts");
  model_.emplace(load_base(base, device, dtype));
  encoder_ = std::make_unique<BaseSentenceEncoder>(*model_, *tokenizer_, base_fingerprint(base));
}

}  // namespace phatgoose
