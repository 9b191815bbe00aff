// A sentence encoder read from a sentence-transformers directory (arXiv 1908.10084): prompt, pieces, states, pooling,
// length 1.
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "phatgoose/base/error.h"
#include "phatgoose/base/json.h"
#include "phatgoose/embed/sentence_encoder.h"
#include "phatgoose/embed/sentence_encoder_files.h"
#include "phatgoose/embed/text_batches.h"
#include "phatgoose/embed/transformer_encoder.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/text/wordpiece.h"

namespace phatgoose {
namespace {

constexpr std::int64_t kMinLength = 3;  // [CLS], one piece, [SEP]

void check_vocabulary(const WordPieceTokenizer& tokenizer, std::int64_t vocab_size, const fs::path& directory) {
  if (tokenizer.size() <= vocab_size) return;
  refuse((directory / "config.json").string(), "vocab_size " + std::to_string(vocab_size),
         "at least " + std::to_string(tokenizer.size()) + ", as the vocabulary has",
         "config.json and the vocabulary belong to different models");
}

/// Without a max_seq_length, what both the tokenizer and the configuration admit.
std::int64_t max_length_of(const SentenceEncoderFiles& files, const WordPieceTokenizer& tokenizer,
                           const EncoderConfig& config) {
  const std::int64_t admitted =
      std::min(tokenizer.settings().max_length.value_or(config.max_length), config.max_length);
  std::int64_t length = files.max_length.value_or(admitted);
  if (config.unscaled_length) length = std::min(length, *config.unscaled_length);
  const bool too_long = config.position_rows > 0 && length > config.max_length;
  if (length >= kMinLength && !too_long) return length;
  refuse(files.transformer, "a maximum length of " + std::to_string(length) + " pieces",
         std::to_string(kMinLength) + " to " + std::to_string(config.max_length) + ", the positions of config.json",
         "see max_seq_length in sentence_bert_config.json");
}

void check_dimension(const SentenceEncoderFiles& files, std::int64_t dimension) {
  if (!files.dimension || *files.dimension == dimension) return;
  refuse(files.transformer, "a pooling of dimension " + std::to_string(*files.dimension),
         std::to_string(dimension) + ", the hidden size of config.json");
}

/// Lower case twice is lower case once, the final sigma aside; otherwise the text would have to be changed first.
void check_case(const SentenceEncoderFiles& files, const WordPieceTokenizer& tokenizer) {
  if (!files.lower_case || tokenizer.settings().text.lower_case) return;
  refuse((files.transformer / "sentence_bert_config.json").string(),
         "do_lower_case true for a tokenizer that keeps case", "do_lower_case in tokenizer_config.json, or nowhere");
}

/// What tells the computation of two encoders with the same weights apart. BERT's is left to its weights.
std::string computation_of(const EncoderConfig& config) {
  if (config.model_type == "bert") return {};
  return fmt::format(" {} {} {} {}", config.model_type, config.num_attention_heads, config.layer_norm_eps,
                     config.rotary_base.value_or(0));
}

/// Encoders that make no difference between roles have the fingerprint that they had before there were prompts.
std::string prompts_text(const Prompts& prompts) {
  return prompts.any() ? Json::array({prompts.query, prompts.document, prompts.plain}).dump() : "";
}

class TransformerSentenceEncoder : public SentenceEncoder {
 public:
  TransformerSentenceEncoder(const fs::path& directory, const SentenceEncoderFiles& files, at::Device device)
      : model_(TransformerEncoder::load(files.transformer, device)),
        tokenizer_(files.transformer),
        pooling_(files.pooling),
        prompts_(files.prompts),
        max_length_(max_length_of(files, tokenizer_, model_.config())),
        name_(full_path(directory).filename()) {
    check_vocabulary(tokenizer_, model_.config().vocab_size, files.transformer);
    check_dimension(files, dimension());
    check_case(files, tokenizer_);
    for (const TextRole role : {TextRole::plain, TextRole::query, TextRole::document}) check_prompt(directory, role);
    const std::string text = base_fingerprint(files.transformer) + ' ' + tokenizer_.fingerprint() + ' ' +
                             (pooling_ == Pooling::mean ? "mean" : "cls") + ' ' + std::to_string(max_length_) +
                             computation_of(model_.config()) + prompts_text(prompts_);
    fingerprint_ = content_hash(std::as_bytes(std::span(text)));
  }

  at::Tensor embed(std::span<const std::string> texts, TextRole role) const override {
    std::vector<TokenIds> rows;
    for (const std::string& text : texts) rows.push_back(tokenizer_.encode(prompts_.of(role) + text, max_length_));
    return embed_rows(rows, dimension(), pooling_, model_.device(),
                      [this](const PackedIds& input) { return model_.encode_states(input); });
  }

  std::int64_t dimension() const override { return model_.config().hidden_size; }
  std::int64_t max_length() const override { return max_length_; }
  bool cuts(const std::string& text, TextRole role) const override { return is_longer(prompts_.of(role) + text); }
  std::string name() const override { return name_; }
  std::string fingerprint() const override { return fingerprint_; }

 private:
  bool is_longer(const std::string& text) const {
    return std::ssize(tokenizer_.encode(text, max_length_ + 1)) > max_length_;
  }

  /// A prompt must leave room for a text.
  void check_prompt(const fs::path& directory, TextRole role) const {
    const std::string& prompt = prompts_.of(role);
    if (std::ssize(tokenizer_.encode(prompt, max_length_)) < max_length_) return;
    refuse((directory / "config_sentence_transformers.json").string(), "the prompt \"" + prompt + "\"",
           "one of fewer pieces than the maximum length, " + std::to_string(max_length_));
  }

  TransformerEncoder model_;
  WordPieceTokenizer tokenizer_;
  Pooling pooling_;
  Prompts prompts_;
  std::int64_t max_length_;
  std::string name_, fingerprint_;
};

}  // namespace

std::unique_ptr<SentenceEncoder> load_sentence_encoder(const fs::path& directory, at::Device device) {
  return std::make_unique<TransformerSentenceEncoder>(directory, read_sentence_encoder_files(directory), device);
}

}  // namespace phatgoose
