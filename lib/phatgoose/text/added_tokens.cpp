#include "phatgoose/text/added_tokens.h"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <algorithm>

#include "phatgoose/text/unicode.h"

namespace phatgoose {
namespace {

/// \w of Unicode's regular expressions (UTS 18, annex C), which counts more than Python's.
bool is_word_character(char32_t c) {
  const auto point = static_cast<UChar32>(c);
  constexpr std::uint32_t kMarksDigitsConnectors = U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK;
  return u_hasBinaryProperty(point, UCHAR_ALPHABETIC) != 0 || u_hasBinaryProperty(point, UCHAR_JOIN_CONTROL) != 0 ||
         (U_GET_GC_MASK(point) & kMarksDigitsConnectors) != 0;
}

/// The last character of a text that is not empty.
Character last_character(std::string_view text) {
  std::size_t begin = text.size() - 1;
  while (begin > 0 && U8_IS_TRAIL(text[begin])) --begin;
  return first_character(text.substr(begin));
}

bool is_single_word(std::string_view before, std::string_view after) {
  return (before.empty() || !is_word_character(last_character(before).value)) &&
         (after.empty() || !is_word_character(first_character(after).value));
}

/// Bytes of white space at the end of `text`.
std::size_t space_at_end(std::string_view text) {
  const std::size_t size = text.size();
  while (!text.empty()) {
    const auto [bytes, c] = last_character(text);
    if (!is_white_space(c)) break;
    text.remove_suffix(bytes);
  }
  return size - text.size();
}

/// Bytes of white space at the start of `text`.
std::size_t space_at_start(std::string_view text) {
  const std::size_t size = text.size();
  while (!text.empty()) {
    const auto [bytes, c] = first_character(text);
    if (!is_white_space(c)) break;
    text.remove_prefix(bytes);
  }
  return size - text.size();
}

}  // namespace

AddedTokenFinder::AddedTokenFinder(std::vector<AddedToken> tokens, const std::vector<std::string>& contents)
    : tokens_(std::move(tokens)) {
  std::vector<std::pair<std::string, std::int32_t>> entries;
  for (const std::string& content : contents) entries.emplace_back(content, static_cast<std::int32_t>(entries.size()));
  trie_ = PrefixTrie(std::move(entries));
}

std::vector<TextStretch> AddedTokenFinder::cut(std::string_view text) const {
  std::vector<TextStretch> stretches;
  std::size_t done = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t length = 0;
    std::int32_t number = 0;
    trie_.visit_prefixes(text.substr(begin), [&](std::size_t longest, std::int32_t found) {
      length = longest;
      number = found;
    });
    if (length == 0) {
      ++begin;
      continue;
    }
    const AddedToken& token = tokens_[static_cast<std::size_t>(number)];
    const std::string_view before = text.substr(0, begin), after = text.substr(begin + length);
    const std::size_t start = begin;
    begin += length;
    if (token.single_word && !is_single_word(before, after)) continue;
    const std::size_t to = begin + (token.rstrip ? space_at_start(after) : 0);
    const std::size_t from = token.lstrip ? std::min(std::max(done, start - space_at_end(before)), to) : start;
    if (done < from) stretches.push_back({done, from, std::nullopt});
    stretches.push_back({from, to, number});
    done = to;
  }
  if (done < text.size()) stretches.push_back({done, text.size(), std::nullopt});
  return stretches;
}

}  // namespace phatgoose
