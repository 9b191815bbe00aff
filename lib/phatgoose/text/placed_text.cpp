#include "phatgoose/text/placed_text.h"

#include "phatgoose/text/unicode.h"

namespace phatgoose {

PlacedText placed_utf8(std::string_view text) {
  constexpr std::string_view kReplacement = "\uFFFD";
  PlacedText result;
  result.bytes.reserve(text.size());
  result.places.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t bytes = first_character(text.substr(i)).bytes;
    const bool is_valid = bytes > 1 || static_cast<unsigned char>(text[i]) < 0x80;
    result.append(is_valid ? text.substr(i, bytes) : kReplacement, {i, i + bytes});
    i += bytes;
  }
  return result;
}

}  // namespace phatgoose
