#include "phatgoose/base/utf8.h"

#include <fmt/format.h>
#include <unicode/utf8.h>

#include <algorithm>

namespace phatgoose {
namespace {

bool is_printable_ascii(char c) { return c >= 0x20 && c < 0x7F; }

std::string written_out(char32_t c) {
  if (c == '\n') return "\\n";
  if (c == '\r') return "\\r";
  if (c == '\t') return "\\t";
  const auto number = static_cast<std::uint32_t>(c);
  return number < 0x80 ? fmt::format("\\x{:02x}", number) : fmt::format("\\u{:04x}", number);
}

}  // namespace

bool acts_on_terminals(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) ||        // C0, DEL, C1
         (c >= 0x2028 && c <= 0x202E) ||               // separators; embeddings and overrides of direction
         (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;  // isolates of direction; a byte-order mark, which nobody sees
}

CodePoint first_code_point(std::string_view text) {
  const std::size_t most = std::min<std::size_t>(text.size(), U8_MAX_LENGTH);
  std::size_t bytes = 0;
  UChar32 c = 0;
  U8_NEXT(text.data(), bytes, most, c);
  return c < 0 ? CodePoint{1, std::nullopt} : CodePoint{bytes, static_cast<char32_t>(c)};
}

std::size_t find_invalid_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t begin = i;
    UChar32 c = 0;
    U8_NEXT(text.data(), i, text.size(), c);
    if (c < 0) return begin;
  }
  return std::string_view::npos;
}

std::string ascii_lower_case(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

std::string printable(std::string_view text) {
  if (std::ranges::all_of(text, is_printable_ascii)) return std::string(text);
  std::string line;
  while (!text.empty()) {
    const CodePoint point = first_code_point(text);
    if (!point.value) {
      line += fmt::format("\\x{:02x}", static_cast<unsigned char>(text.front()));
    } else if (acts_on_terminals(*point.value)) {
      line += written_out(*point.value);
    } else {
      line += text.substr(0, point.bytes);
    }
    text.remove_prefix(point.bytes);
  }
  return line;
}

}  // namespace phatgoose
