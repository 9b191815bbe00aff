#include "phatgoose/text/bert_words.h"

#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <array>
#include <memory>

#include "phatgoose/base/error.h"
#include "phatgoose/text/unicode.h"

namespace phatgoose {
namespace {

/// The general category that a character had in Unicode 8; unassigned where it is newer.
UCharCategory category_of(char32_t c) {
  switch (c) {  // assigned differently since
    case 0x166D:
    case 0x111C9:
      return U_OTHER_PUNCTUATION;
    case 0x1734:
      return U_NON_SPACING_MARK;
    case 0x1885:
    case 0x1886:
      return U_OTHER_LETTER;
    case 0xA9BD:
      return U_COMBINING_SPACING_MARK;
    default:
      break;
  }
  const auto point = static_cast<UChar32>(c);
  UVersionInfo age;
  u_charAge(point, age);
  const bool assigned = age[0] >= 1 && age[0] <= 8;
  return assigned ? static_cast<UCharCategory>(u_charType(point)) : U_UNASSIGNED;
}

bool is_removed(char32_t c) {
  if (c == '\t' || c == '\n' || c == '\r') return false;
  const UCharCategory category = category_of(c);
  return c == 0xFFFD || category == U_CONTROL_CHAR || category == U_FORMAT_CHAR || category == U_PRIVATE_USE_CHAR;
}

bool is_punctuation(char32_t c) {
  if (c < 0x80) return c > ' ' && c < 0x7F && (c == '_' || !is_word(c));  // symbols such as $ and + included
  return (U_MASK(category_of(c)) & U_GC_P_MASK) != 0;
}

struct Range {
  char32_t first, last;
};
/// The blocks of Chinese characters as BERT lists them; that one begins at 2B920, not 2B820, is the reference's way.
constexpr std::array kChinese = {Range{0x4E00, 0x9FFF},   Range{0x3400, 0x4DBF},   Range{0x20000, 0x2A6DF},
                                 Range{0x2A700, 0x2B73F}, Range{0x2B740, 0x2B81F}, Range{0x2B920, 0x2CEAF},
                                 Range{0xF900, 0xFAFF},   Range{0x2F800, 0x2FA1F}};

bool is_chinese(char32_t c) {
  return c >= 0x3400 && std::ranges::any_of(kChinese, [c](Range range) { return c >= range.first && c <= range.last; });
}

std::u32string cleaned(const std::u32string& text) {
  std::u32string kept;
  for (const char32_t c : text) {
    if (!is_removed(c)) kept.push_back(is_white_space(c) ? U' ' : c);
  }
  return kept;
}

std::u32string with_spaced_chinese(const std::u32string& text) {
  std::u32string spaced;
  for (const char32_t c : text) spaced += is_chinese(c) ? std::u32string{U' ', c, U' '} : std::u32string{c};
  return spaced;
}

/// The canonical decomposition (NFD) without the non-spacing marks.
std::u32string without_accents(const std::u32string& text) {
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* normalizer = icu::Normalizer2::getNFDInstance(status);
  icu::UnicodeString result;
  if (U_SUCCESS(status)) {
    const auto length = static_cast<std::int32_t>(text.size());
    result = normalizer->normalize(icu::UnicodeString::fromUTF32(reinterpret_cast<const UChar32*>(text.data()), length),
                                   status);
  }
  if (U_FAILURE(status)) {
    fail(ExitCode::cannot_finish,
         {.where = "ICU", .found = u_errorName(status), .expected = "the canonical decomposition of a text"});
  }
  std::string bytes;
  std::u32string stripped = decode_utf8(result.toUTF8String(bytes));
  std::erase_if(stripped, [](char32_t c) { return category_of(c) == U_NON_SPACING_MARK; });
  return stripped;
}

}  // namespace

std::string bert_normalized(std::string_view text, const BertTextRules& rules) {
  std::u32string points = decode_utf8(text);
  if (rules.clean_text) points = cleaned(points);
  if (rules.space_chinese) points = with_spaced_chinese(points);
  if (rules.strip_accents) points = without_accents(points);
  if (rules.lower_case) points = lower_case(points);
  return encode_utf8(points);
}

std::vector<std::string> bert_words(std::string_view normalized) {
  const std::u32string points = decode_utf8(normalized);
  std::vector<std::string> words;
  std::size_t begin = 0;
  const auto close = [&](std::size_t end) {
    if (end > begin) words.push_back(encode_utf8(std::u32string_view(points).substr(begin, end - begin)));
    begin = end;
  };
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (is_white_space(points[i])) {
      close(i);
      begin = i + 1;
    } else if (is_punctuation(points[i])) {
      close(i);
      close(i + 1);
    }
  }
  close(points.size());
  return words;
}

}  // namespace phatgoose
