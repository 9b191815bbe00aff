#include "phatgoose/eval/input_routing.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "phatgoose/base/error.h"
#include "phatgoose/embed/base_sentence_encoder.h"
#include "phatgoose/embed/retrieval_text.h"

namespace phatgoose {
namespace {

std::unique_ptr<SentenceEncoder> make_encoder(const T5Model& model, const std::string& router,
                                              const std::optional<std::string>& directory, const Tokenizer* tokenizer,
                                              const std::string& base_fingerprint) {
  if (directory) return load_sentence_encoder(*directory, model.device());
  if (tokenizer != nullptr) return std::make_unique<BaseSentenceEncoder>(model, *tokenizer, base_fingerprint);
  refuse(router, "a base without tokenizer, and no --encoder", "a sentence encoder for the inputs");
}

}  // namespace

InputRouting::InputRouting(const T5Model& model, const RoutedModel& routed, const std::optional<std::string>& encoder,
                           const Tokenizer* tokenizer, const std::string& base_fingerprint)
    : routed_(routed), encoder_(make_encoder(model, routed.router().name, encoder, tokenizer, base_fingerprint)) {
  const RequiredEncoder& required = routed.input_scorer()->encoder();
  if (encoder_->dimension() == required.dimension && encoder_->fingerprint() == required.fingerprint) return;
  const std::string& router = routed.router().name;
  refuse(router, fmt::format("the encoder {} ({} numbers)", encoder_->name(), encoder_->dimension()),
         fmt::format("{} ({} numbers), which embedded the experts' examples", required.name, required.dimension),
         "--encoder DIR names it; to use this one, run phatgoose prepare --router " + router +
             " and phatgoose build with it");
}

std::vector<std::vector<float>> InputRouting::scores(std::span<const std::string> texts) const {
  const at::Tensor all = routed_.input_scores(encoder_->embed(texts, kRetrievalInputRole)).contiguous();  // [n, E]
  const float* values = all.const_data_ptr<float>();
  std::vector<std::vector<float>> rows;
  for (std::int64_t row = 0; row < all.size(0); ++row) {
    rows.emplace_back(values + row * all.size(1), values + (row + 1) * all.size(1));
  }
  return rows;
}

bool InputRouting::cuts(const std::string& text) const { return encoder_->cuts(text, kRetrievalInputRole); }

}  // namespace phatgoose
