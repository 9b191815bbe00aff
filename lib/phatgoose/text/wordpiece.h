// BERT's tokenizer: basic tokenisation, then WordPiece (arXiv 1810.04805). MPNet's is the same with other special
// tokens.
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

  /// The tokens that begin and end every text ([CLS], [SEP]) and the pieces between: at most `max_length` (>= 2) ids. A
  /// special token written out in the text, or another that was added, becomes its id, as in `transformers`.
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

  void add_tokens(const std::vector<AddedPiece>& listed);
  template <typename Append>
  void append_stretch(std::string_view text, const TextStretch& stretch, TokenIds& ids, const Append& append) const;
  void append_words(std::string_view normalized, TokenIds& ids) const;
  void append_pieces(const std::string& word, TokenIds& ids) const;

  WordPieceSettings settings_;
  Vocabulary vocabulary_;
  std::vector<AddedPiece> added_;                  // by the numbers that the finders give
  AddedTokenFinder in_raw_text_, in_normal_text_;  // tokens that are not, and that are normalised
  TokenId unknown_ = 0, classify_ = 0, separate_ = 0;
  std::int64_t size_ = 0;
};

}  // namespace phatgoose
