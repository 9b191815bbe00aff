// A BERT sentence encoder read from a sentence-transformers directory (arXiv 1908.10084): pieces, states, pooling,
// length 1.
#include <ATen/ATen.h>

#include <algorithm>

#include "phatgoose/base/error.h"
#include "phatgoose/embed/bert_model.h"
#include "phatgoose/embed/sentence_encoder.h"
#include "phatgoose/embed/sentence_encoder_files.h"
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

/// Without a max_seq_length, what both the tokenizer and the positions admit.
std::int64_t max_length_of(const SentenceEncoderFiles& files, const WordPieceTokenizer& tokenizer,
                           std::int64_t positions) {
  const std::int64_t admitted = std::min(tokenizer.settings().max_length.value_or(positions), positions);
  const std::int64_t length = files.max_length.value_or(admitted);
  if (length >= kMinLength && length <= positions) return length;
  refuse(files.transformer, "a maximum length of " + std::to_string(length) + " pieces",
         std::to_string(kMinLength) + " to " + std::to_string(positions) + ", max_position_embeddings of config.json",
         "see max_seq_length in sentence_bert_config.json");
}

class BertSentenceEncoder : public SentenceEncoder {
 public:
  BertSentenceEncoder(const fs::path& directory, const SentenceEncoderFiles& files, at::Device device)
      : model_(BertModel::load(files.transformer, device)),
        tokenizer_(files.transformer),
        pooling_(files.pooling),
        max_length_(max_length_of(files, tokenizer_, model_.config().max_position_embeddings)),
        name_(full_path(directory).filename()) {
    check_vocabulary(tokenizer_, model_.config().vocab_size, files.transformer);
    check(files);
    const std::string text = base_fingerprint(files.transformer) + ' ' + tokenizer_.fingerprint() + ' ' +
                             (pooling_ == Pooling::mean ? "mean" : "cls") + ' ' + std::to_string(max_length_);
    fingerprint_ = content_hash(std::as_bytes(std::span(text)));
  }

  at::Tensor embed(std::span<const std::string> texts, TextRole) const override {
    std::vector<TokenIds> rows;
    for (const std::string& text : texts) rows.push_back(tokenizer_.encode(text, max_length_));
    return embed_rows(rows, dimension(), pooling_, model_.device(),
                      [this](const PackedIds& input) { return model_.encode_states(input); });
  }

  std::int64_t dimension() const override { return model_.config().hidden_size; }
  std::int64_t max_length() const override { return max_length_; }
  bool cuts(const std::string& text, TextRole) const override {
    return std::ssize(tokenizer_.encode(text, max_length_ + 1)) > max_length_;
  }
  std::string name() const override { return name_; }
  std::string fingerprint() const override { return fingerprint_; }

 private:
  void check(const SentenceEncoderFiles& files) const {
    if (files.dimension && *files.dimension != dimension()) {
      refuse(files.transformer, "a pooling of dimension " + std::to_string(*files.dimension),
             std::to_string(dimension()) + ", hidden_size of config.json");
    }
    // Lower case twice is lower case once, the final sigma aside; otherwise the text would have to be changed first.
    if (files.lower_case && !tokenizer_.settings().text.lower_case) {
      refuse((files.transformer / "sentence_bert_config.json").string(),
             "do_lower_case true for a tokenizer that keeps case",
             "do_lower_case in tokenizer_config.json, or nowhere");
    }
  }

  BertModel model_;
  WordPieceTokenizer tokenizer_;
  Pooling pooling_;
  std::int64_t max_length_;
  std::string name_, fingerprint_;
};

}  // namespace

std::unique_ptr<SentenceEncoder> load_sentence_encoder(const fs::path& directory, at::Device device) {
  return std::make_unique<BertSentenceEncoder>(directory, read_sentence_encoder_files(directory), device);
}

}  // namespace phatgoose
