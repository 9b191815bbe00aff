#include "phatgoose/base/utf8.h"

#include <fmt/format.h>

#include <algorithm>

namespace phatgoose {
namespace {

constexpr CodePoint kInvalid = {1, std::nullopt};

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
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {1, lead};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || length > text.size()) return kInvalid;
  char32_t c = lead & (0x7F >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return kInvalid;
    c = c << 6 | (byte(i) & 0x3F);
  }
  const bool overlong = (length == 3 && c < 0x800) || (length == 4 && c < 0x10000);
  if (overlong || (c >= 0xD800 && c < 0xE000) || c > 0x10FFFF) return kInvalid;
  return {length, c};
}

std::size_t find_invalid_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    if (static_cast<unsigned char>(text[i]) < 0x80) {
      ++i;
      continue;
    }
    const CodePoint point = first_code_point(text.substr(i));
    if (!point.value) return i;
    i += point.bytes;
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
