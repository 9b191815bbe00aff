#include "phatgoose/embed/base_sentence_encoder.h"

#include <ATen/ATen.h>

#include "phatgoose/embed/text_batches.h"

namespace phatgoose {
namespace {

constexpr std::int64_t kMaxLength = 512;

/// Takes the adapters off a model, and puts them back in the end.
class WithoutAdapters {
 public:
  explicit WithoutAdapters(const T5Model& model) : model_(model) {
    for (const auto& group : model.groups()) {
      adapters_.push_back(group->adapter());
      group->set_adapter(nullptr);
    }
  }
  ~WithoutAdapters() {
    std::size_t i = 0;
    for (const auto& group : model_.groups()) group->set_adapter(std::move(adapters_[i++]));
  }
  WithoutAdapters(const WithoutAdapters&) = delete;
  WithoutAdapters& operator=(const WithoutAdapters&) = delete;

 private:
  const T5Model& model_;
  std::vector<std::shared_ptr<const Adapter>> adapters_;
};

}  // namespace

BaseSentenceEncoder::BaseSentenceEncoder(const T5Model& model, const Tokenizer& tokenizer, std::string fingerprint)
    : model_(model), tokenizer_(tokenizer), fingerprint_(std::move(fingerprint)) {}

std::int64_t BaseSentenceEncoder::dimension() const { return model_.config().d_model; }

std::int64_t BaseSentenceEncoder::max_length() const { return kMaxLength; }

bool BaseSentenceEncoder::cuts(const std::string& text) const {
  return std::ssize(tokenizer_.encode(text)) + 1 > kMaxLength;
}

at::Tensor BaseSentenceEncoder::embed(std::span<const std::string> texts) const {
  const WithoutAdapters base_alone(model_);
  std::vector<TokenIds> rows;
  for (const std::string& text : texts) rows.push_back(tokenizer_.encode_with_eos(text, kMaxLength));
  return embed_rows(rows, dimension(), Pooling::mean, model_.device(),
                    [this](const PackedIds& input) { return model_.encode_states(input); });
}

}  // namespace phatgoose
