#include "phatgoose/text/unicode.h"

#include <unicode/uchar.h>

#include <clocale>
#include <cwctype>

#include "phatgoose/base/error.h"
#include "phatgoose/base/utf8.h"

namespace phatgoose {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

/// The character tables of the C library, whatever locale the process runs in.
locale_t unicode_locale() {
  static const locale_t locale = [] {
    const locale_t made = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
    if (made == nullptr) {
      fail(ExitCode::cannot_finish, {.where = "locale C.UTF-8",
                                     .found = "not available on this machine",
                                     .expected = "the character tables of the C library",
                                     .hint = "install the package that holds the C.UTF-8 locale"});
    }
    return made;
  }();
  return locale;
}

void append_utf8(std::string& text, char32_t c) {
  const auto put = [&](char32_t bits) { text.push_back(static_cast<char>(bits)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | c >> 6);
    put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3F));
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  }
}

}  // namespace

Character first_character(std::string_view text) {
  const CodePoint point = first_code_point(text);
  return {point.bytes, point.value.value_or(kReplacement)};
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
  for (const char32_t c : text) append_utf8(bytes, c);
  return bytes;
}

bool is_space(char32_t c) {
  return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

bool is_white_space(char32_t c) { return u_isUWhiteSpace(static_cast<UChar32>(c)) != 0; }

bool is_word(char32_t c) {
  if (c < 0x80) return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  if (c >= 0x300 && c <= 0x36F) return false;  // combining marks: letters to the C library, but not to Python
  return iswalnum_l(static_cast<wint_t>(c), unicode_locale()) != 0;
}

std::string strip(std::string_view text) {
  // Every white space character is a valid sequence, so words found below begin and end at its borders.
  std::size_t begin = std::string_view::npos, end = 0;
  for (std::size_t i = 0; i < text.size();) {
    const auto [length, c] = first_character(text.substr(i));
    if (!is_space(c)) {
      if (begin == std::string_view::npos) begin = i;
      end = i + length;
    }
    i += length;
  }
  return begin == std::string_view::npos ? std::string() : std::string(text.substr(begin, end - begin));
}

std::vector<WordPlace> word_places(std::string_view text) {
  std::vector<WordPlace> words;
  std::size_t begin = 0, i = 0;
  const auto close = [&] {
    if (i > begin) words.push_back({begin, i});
  };
  while (i < text.size()) {
    const auto [length, c] = first_character(text.substr(i));
    if (is_space(c)) {
      close();
      begin = i + length;
    }
    i += length;
  }
  close();
  return words;
}

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  for (const auto& [begin, end] : word_places(text)) words.emplace_back(text.substr(begin, end - begin));
  return words;
}

std::u32string lower_case(std::u32string_view text) {
  std::u32string lowered;
  lowered.reserve(text.size());
  for (const char32_t c : text) {
    if (c < 0x80) {
      lowered.push_back(c >= 'A' && c <= 'Z' ? c + 32 : c);
    } else if (c == 0x130) {
      lowered += U"i\u0307";
    } else {
      lowered.push_back(static_cast<char32_t>(towlower_l(static_cast<wint_t>(c), unicode_locale())));
    }
  }
  return lowered;
}

}  // namespace phatgoose
