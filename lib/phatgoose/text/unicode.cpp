#include "phatgoose/text/unicode.h"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include "phatgoose/base/utf8.h"

namespace phatgoose {
Character first_character(std::string_view text) {
  const CodePoint point = first_code_point(text);
  return {point.bytes, point.value.value_or(U'\uFFFD')};
}

std::u32string decode_utf8(std::string_view text) {
  std::u32string points;
  points.reserve(text.size());
  while (!text.empty()) {
    const auto [length, c] = first_character(text);
    points.push_back(c);
    text.remove_prefix(length);
  }
  return points;
}

std::string encode_utf8(std::u32string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  for (const char32_t c : text) {
    char units[U8_MAX_LENGTH];
    std::size_t length = 0;
    U8_APPEND_UNSAFE(units, length, c);
    bytes.append(units, length);
  }
  return bytes;
}

bool is_space(char32_t c) { return is_white_space(c) || (c >= 0x1C && c <= 0x1F); }

bool is_white_space(char32_t c) { return u_isUWhiteSpace(static_cast<UChar32>(c)) != 0; }

bool is_word(char32_t c) {
  const auto point = static_cast<UChar32>(c);
  return c == '_' || u_isalpha(point) != 0 || u_getIntPropertyValue(point, UCHAR_NUMERIC_TYPE) != U_NT_NONE;
}

std::vector<WordPlace> word_places(std::string_view text, bool (*separates)(char32_t)) {
  std::vector<WordPlace> words;
  std::size_t begin = 0, i = 0;
  const auto close = [&] {
    if (i > begin) words.push_back({begin, i});
  };
  while (i < text.size()) {
    const auto [length, c] = first_character(text.substr(i));
    if (separates(c)) {
      close();
      begin = i + length;
    }
    i += length;
  }
  close();
  return words;
}

std::string strip(std::string_view text) {
  const std::vector<WordPlace> words = word_places(text);
  return words.empty() ? "" : std::string(text.substr(words.front().begin, words.back().end - words.front().begin));
}

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  for (const auto& [begin, end] : word_places(text)) words.emplace_back(text.substr(begin, end - begin));
  return words;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t i = text.find(from); i != std::string::npos; i = text.find(from, i + to.size())) {
    text.replace(i, from.size(), to);
  }
}

std::u32string lower_case(std::u32string_view text) {
  std::u32string lowered;
  lowered.reserve(text.size());
  for (const char32_t c : text) {
    if (c == 0x130) {
      lowered += U"i\u0307";
    } else {
      lowered.push_back(static_cast<char32_t>(u_tolower(static_cast<UChar32>(c))));
    }
  }
  return lowered;
}

}  // namespace phatgoose
