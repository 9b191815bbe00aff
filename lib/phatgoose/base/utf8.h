// UTF-8 byte by byte, and text for the eyes of people.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace phatgoose {

/// What a text begins with: a code point and its bytes, or one byte that is not valid UTF-8.
struct CodePoint {
  std::size_t bytes;
  std::optional<char32_t> value;
};

/// `text` must not be empty.
CodePoint first_code_point(std::string_view text);
/// Place of the first byte that is not valid UTF-8; npos where there is none.
std::size_t find_invalid_utf8(std::string_view text);

/// Whether a terminal might obey the character instead of showing it: control characters (C0, DEL, C1), line
/// separators, what changes the direction of writing (Unicode TR 36 warns of it), a byte-order mark.
bool acts_on_terminals(char32_t c);
/// One line in which such characters, and bytes that are not UTF-8, are written out: "\n", "\x1b", "\u202e". A second
/// time changes nothing.
std::string printable(std::string_view text);

/// A to Z as a to z; everything else as it is.
std::string ascii_lower_case(std::string text);

}  // namespace phatgoose
