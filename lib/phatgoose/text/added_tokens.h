// Tokens that are found in a text as they stand, before it is cut into pieces: special tokens, sentinels, and what
// users added to a vocabulary.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "phatgoose/text/prefix_trie.h"

namespace phatgoose {

/// AddedToken of the `tokenizers` package.
struct AddedToken {
  std::string content;
  bool single_word = false;  ///< found only where no letter, digit or underscore is next to it
  bool lstrip = false;       ///< takes the white space on its left along
  bool rstrip = false;       ///< and on its right
  bool normalized = false;   ///< is normalised, and found in normalised text
  bool special = false;      ///< left out of decoded text

  bool operator==(const AddedToken&) const = default;
};

/// A stretch of a text: an added token, or what stands between two of them.
struct TextStretch {
  std::size_t begin, end;  ///< bytes
  std::optional<std::int32_t> token;
};

class AddedTokenFinder {
 public:
  AddedTokenFinder() = default;
  /// A token's number in the stretches is its place in `tokens`. `contents`: what to look for in place of their
  /// contents, empty for the tokens that are not to be found.
  AddedTokenFinder(std::vector<AddedToken> tokens, const std::vector<std::string>& contents);

  /// Cuts `text` (valid UTF-8): of the tokens that begin at the leftmost place, the longest.
  std::vector<TextStretch> cut(std::string_view text) const;

 private:
  std::vector<AddedToken> tokens_;
  PrefixTrie trie_;
};

}  // namespace phatgoose
