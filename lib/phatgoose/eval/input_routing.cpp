#include "phatgoose/eval/input_routing.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <iterator>
#include <unordered_map>

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

/// By what a sentence encoder makes of their texts.
class EmbeddedTextRouting : public InputRouting {
 public:
  EmbeddedTextRouting(const RoutedModel& routed, std::unique_ptr<SentenceEncoder> encoder)
      : routed_(routed),
        encoder_(std::move(encoder)),
        role_(routed.router().describes() ? kDescriptionRole : kRetrievalInputRole) {
    const RequiredEncoder& required = routed.input_scorer()->encoder();
    if (encoder_->dimension() == required.dimension && encoder_->fingerprint() == required.fingerprint) return;
    const RouterKind& router = routed.router();
    const bool describes = router.describes();
    refuse(router.name, fmt::format("the encoder {} ({} numbers)", encoder_->name(), encoder_->dimension()),
           fmt::format("{} ({} numbers), which embedded the experts' {}", required.name, required.dimension,
                       describes ? "descriptions" : "examples"),
           fmt::format("--encoder DIR names it; to use this one, run phatgoose {} and phatgoose build with it",
                       describes ? "describe" : "prepare --router " + router.name));
  }

  bool cuts(const std::string& text) const override { return encoder_->cuts(text, role_); }
  std::int64_t max_length() const override { return encoder_->max_length(); }

 private:
  at::Tensor scored(std::span<const WholeInput> inputs) const override {
    // Rows of a task share its description: each text is embedded once.
    std::vector<std::string> texts;
    std::unordered_map<std::string, std::int64_t> index;
    std::vector<std::int64_t> text_of_input;
    for (const WholeInput& input : inputs) {
      const auto [found, is_new] = index.try_emplace(input.text, std::ssize(texts));
      if (is_new) texts.push_back(input.text);
      text_of_input.push_back(found->second);
    }
    const at::Tensor scores = routed_.input_scores(encoder_->embed(texts, role_));  // [distinct texts, E]
    return scores.index_select(0, at::tensor(text_of_input, at::kLong));            // [n, E]
  }

  const RoutedModel& routed_;
  std::unique_ptr<SentenceEncoder> encoder_;
  TextRole role_;
};

/// By what the router itself thinks of their tokens on average.
class ConsensusRouting : public InputRouting {
 public:
  ConsensusRouting(const T5Model& model, const RoutedModel& routed) : model_(model), routed_(routed) {}

 private:
  at::Tensor scored(std::span<const WholeInput> inputs) const override {
    std::vector<TokenIds> rows;
    for (const WholeInput& input : inputs) rows.push_back(input.ids);
    return routed_.consensus(model_, pack_ids(rows, model_.device()));  // [n, E]
  }

  const T5Model& model_;
  const RoutedModel& routed_;
};

}  // namespace

std::vector<std::vector<float>> InputRouting::scores(std::span<const WholeInput> inputs) const {
  const at::Tensor all = scored(inputs).contiguous();  // [n, E]
  const float* values = all.const_data_ptr<float>();
  std::vector<std::vector<float>> rows;
  for (std::int64_t row = 0; row < all.size(0); ++row) {
    rows.emplace_back(values + row * all.size(1), values + (row + 1) * all.size(1));
  }
  return rows;
}

std::unique_ptr<InputRouting> make_input_routing(const T5Model& model, const RoutedModel& routed,
                                                 const std::optional<std::string>& encoder, const Tokenizer* tokenizer,
                                                 const std::string& base_fingerprint) {
  const RouterKind& router = routed.router();
  if (!router.scores_inputs()) return nullptr;
  if (!router.embeds()) return std::make_unique<ConsensusRouting>(model, routed);
  return std::make_unique<EmbeddedTextRouting>(routed,
                                               make_encoder(model, router.name, encoder, tokenizer, base_fingerprint));
}

}  // namespace phatgoose
