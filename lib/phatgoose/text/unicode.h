// The few Unicode operations on UTF-8 text that scoring needs, with the meaning that Python's str gives them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace phatgoose {

/// How many bytes of a text a character takes, and its code point.
struct Character {
  std::size_t bytes;
  char32_t value;
};
/// The first character of a text that is not empty; {1, U+FFFD} where the bytes are not valid UTF-8.
Character first_character(std::string_view text);

/// Code points; a byte that is not valid UTF-8 becomes U+FFFD.
std::u32string decode_utf8(std::string_view text);
std::string encode_utf8(std::u32string_view text);

/// Whether str.isspace holds.
bool is_space(char32_t c);
/// Whether the character has the Unicode property White_Space, which is less.
bool is_white_space(char32_t c);
/// Whether the regular expression \w matches: letters, digits, underscore.
bool is_word(char32_t c);

/// str.strip().
std::string strip(std::string_view text);
/// The bytes [begin, end) of a word in a text.
struct WordPlace {
  std::size_t begin, end;
};
/// The maximal runs without white space, or what else is to separate them, in order.
std::vector<WordPlace> word_places(std::string_view text, bool (*separates)(char32_t) = is_space);
/// str.split(): those runs.
std::vector<std::string> split_words(std::string_view text);
/// str.replace(), in place; `from` is not empty.
void replace_all(std::string& text, std::string_view from, std::string_view to);
/// str.lower(), except that a final sigma is not treated apart.
std::u32string lower_case(std::u32string_view text);

}  // namespace phatgoose
