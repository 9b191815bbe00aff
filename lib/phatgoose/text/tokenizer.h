// T5's tokenizer: added tokens, the normaliser's table of characters, words, and their unigram pieces, in the way of
// the class T5Tokenizer of `transformers` 5, whose ids are the measure.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "phatgoose/base/files.h"

namespace phatgoose {

using TokenId = std::int32_t;
using TokenIds = std::vector<TokenId>;

constexpr TokenId kPadId = 0;
constexpr TokenId kEosId = 1;
constexpr TokenId kUnknownId = 2;
constexpr int kSentinelCount = 100;
constexpr std::string_view kWordStart = "\u2581";  ///< what pieces have for the space before a word

/// A token, and the bytes [begin, end) of the text that it stands for; none where it is but the space before a word.
struct TextToken {
  TokenId id;
  std::size_t begin, end;
};

class Tokenizer {
 public:
  /// Reads the tokenizer's files as read_tokenizer_files() does.
  explicit Tokenizer(const fs::path& directory);
  /// That of a base, whose embedding must have a row for every id; none where the base has no tokenizer.
  static std::optional<Tokenizer> of_base(const fs::path& base, std::int64_t vocab_size);
  ~Tokenizer();
  Tokenizer(Tokenizer&&) noexcept;

  /// Ids without EOS. Special tokens ("</s>", "<extra_id_0>") and others that were added become their ids; what stands
  /// on either side of them is encoded like a text of its own.
  TokenIds encode(std::string_view text) const;
  /// The same with the places of the tokens in the text.
  std::vector<TextToken> encode_with_places(std::string_view text) const;
  /// encode() + EOS, cut to `max_length` ids of which the last is always EOS.
  TokenIds encode_with_eos(std::string_view text, std::int64_t max_length) const;
  /// Text of the ids up to the first EOS, without special tokens and ids that mean nothing.
  std::string decode(std::span<const TokenId> ids) const;

  /// The token as the vocabulary has it, kWordStart for a space; empty for an id without one.
  std::string piece(TokenId id) const;

  std::int64_t size() const;  ///< the largest id + 1
  /// The id of "<extra_id_n>"; a tokenizer without it: bad_data.
  TokenId sentinel(int n) const;
  /// Hash of all that decides the ids of a text, and the text of ids.
  std::string fingerprint() const;
  /// bad_data when the base's embedding has fewer rows than the vocabulary (`where` names the base).
  void check_vocab_size(std::int64_t vocab_size, const std::string& where) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace phatgoose
