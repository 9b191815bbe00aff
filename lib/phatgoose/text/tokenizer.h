// T5's tokenizer: a sentencepiece model followed by the 100 sentinels.
#pragma once

#include <cstdint>
#include <memory>
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
constexpr int kSentinelCount = 100;

/// A token, and the bytes [begin, end) of the text that it stands for.
struct TextToken {
  TokenId id;
  std::size_t begin, end;
};

class Tokenizer {
 public:
  /// Reads `directory`/spiece.model: bad_data when it is missing, corrupt, or its pad/eos/unk are not 0/1/2.
  explicit Tokenizer(const fs::path& directory);
  ~Tokenizer();
  Tokenizer(Tokenizer&&) noexcept;

  /// Ids without EOS. "<extra_id_n>" in the text becomes the sentinel's id, as in `transformers`.
  TokenIds encode(std::string_view text) const;
  /// The tokens of a text that writes out no sentinel, with their places in it.
  std::vector<TextToken> encode_with_places(std::string_view text) const;
  /// encode() + EOS, cut to `max_length` ids of which the last is always EOS.
  TokenIds encode_with_eos(std::string_view text, std::int64_t max_length) const;
  /// Text of the ids up to the first EOS; pads are skipped.
  std::string decode(std::span<const TokenId> ids) const;

  std::int64_t piece_count() const;  ///< P, without sentinels
  std::int64_t size() const { return piece_count() + kSentinelCount; }
  TokenId sentinel(int n) const;  ///< P + 99 - n
  /// bad_data when the base's embedding has fewer rows than the vocabulary (`where` names the base).
  void check_vocab_size(std::int64_t vocab_size, const std::string& where) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace phatgoose
