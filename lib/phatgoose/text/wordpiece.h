// BERT's tokenizer: basic tokenisation, then WordPiece (arXiv 1810.04805).
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "phatgoose/text/wordpiece_files.h"

namespace phatgoose {

class WordPieceTokenizer {
 public:
  /// Reads the directory as read_wordpiece_files() does. A vocabulary without the special tokens: bad_data.
  explicit WordPieceTokenizer(const fs::path& directory);

  /// [CLS], the pieces, [SEP]: at most `max_length` (>= 2) ids of which the first and the last are these two. A special
  /// token written out in the text becomes its id, as in `transformers`.
  TokenIds encode(std::string_view text, std::int64_t max_length) const;

  std::int64_t size() const { return size_; }  ///< the largest id + 1
  const WordPieceSettings& settings() const { return settings_; }
  /// Hash of all that decides the ids of a text.
  std::string fingerprint() const;

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  using Vocabulary = std::unordered_map<std::string, TokenId, Hash, std::equal_to<>>;

  void append_plain(std::string_view text, TokenIds& ids) const;
  void append_pieces(const std::string& word, TokenIds& ids) const;

  WordPieceSettings settings_;
  Vocabulary vocabulary_;
  std::vector<NamedId> special_;  ///< recognised in a text, the longest first
  TokenId unknown_ = 0, classify_ = 0, separate_ = 0;
  std::int64_t size_ = 0;
};

}  // namespace phatgoose
