// sentencepiece's normalisation: a table of characters and sequences of them, and what stands in their place.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "phatgoose/text/placed_text.h"

namespace phatgoose {

/// A `precompiled_charsmap`, applied as the `tokenizers` package does, with its peculiarity: within a grapheme of less
/// than six bytes the shortest entry that it begins with replaces it as a whole, so a combining mark after a character
/// that has an entry is lost (sentencepiece takes the longest entry at every character).
class CharacterMap {
 public:
  CharacterMap() = default;  ///< changes nothing
  /// `table`: a little-endian 32-bit size, so many bytes of a double-array trie, and the replacements, each ended by a
  /// zero byte. A damaged one: bad_data. An empty one changes nothing.
  explicit CharacterMap(std::string_view table);

  /// `text` (valid UTF-8) with its characters replaced; what stands for a character keeps the place of that character.
  PlacedText apply(const PlacedText& text) const;

 private:
  /// What replaces the shortest entry that `text` begins with; null where there is none.
  const char* replacement(std::string_view text) const;
  void append_grapheme(const PlacedText& text, std::size_t begin, std::size_t end, PlacedText& result) const;

  std::vector<std::uint32_t> trie_;
  std::string replacements_;
};

}  // namespace phatgoose
