#include "phatgoose/text/character_map.h"

#include <unicode/brkiter.h>
#include <unicode/utext.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <memory>

#include "phatgoose/base/error.h"
#include "phatgoose/base/utf8.h"
#include "phatgoose/text/unicode.h"

namespace phatgoose {
namespace {

// A unit of the trie (Darts-clone): a label or a value, and the way to the node's children.
constexpr std::uint32_t kIsValue = 1u << 31;
constexpr std::size_t kBlock = 256;  // nodes that differ in the label only

bool has_value(std::uint32_t unit) { return (unit >> 8 & 1) != 0; }
std::uint32_t value_of(std::uint32_t unit) { return unit & ~kIsValue; }
std::uint32_t label_of(std::uint32_t unit) { return unit & (kIsValue | 0xFF); }
std::size_t offset_of(std::uint32_t unit) { return static_cast<std::size_t>(unit >> 10) << ((unit & 1u << 9) >> 6); }

/// Whether every look-up stays within the trie, which is whole blocks, and ends at a value below `values`.
bool is_sound(const std::vector<std::uint32_t>& trie, std::size_t values) {
  if (trie.empty() || trie.size() % kBlock != 0) return false;
  for (std::size_t i = 0; i < trie.size(); ++i) {
    if ((trie[i] & kIsValue) != 0) {
      if (value_of(trie[i]) >= values) return false;
      continue;
    }
    const std::size_t children = i ^ offset_of(trie[i]);
    if (children >= trie.size() || (has_value(trie[i]) && (trie[children] & kIsValue) == 0)) return false;
  }
  return true;
}

[[noreturn]] void fail_icu(UErrorCode status) {
  fail(ExitCode::cannot_finish, {.where = "ICU", .found = u_errorName(status), .expected = "the characters of a text"});
}

icu::BreakIterator& grapheme_iterator() {
  thread_local const std::unique_ptr<icu::BreakIterator> iterator = [] {
    UErrorCode status = U_ZERO_ERROR;
    std::unique_ptr<icu::BreakIterator> made(
        icu::BreakIterator::createCharacterInstance(icu::Locale::getRoot(), status));
    if (U_FAILURE(status)) fail_icu(status);
    return made;
  }();
  return *iterator;
}

/// Calls visit(begin, end) for every grapheme (Unicode's extended grapheme cluster).
template <typename Visit>
void visit_graphemes(std::string_view text, Visit visit) {
  const auto is_alone = [](char c) { return static_cast<unsigned char>(c) < 0x80 && c != '\r'; };
  if (std::ranges::all_of(text, is_alone)) {
    for (std::size_t i = 0; i < text.size(); ++i) visit(i, i + 1);
    return;
  }
  UErrorCode status = U_ZERO_ERROR;
  const std::unique_ptr<UText, decltype(&utext_close)> utf8(
      utext_openUTF8(nullptr, text.data(), static_cast<std::int64_t>(text.size()), &status), &utext_close);
  icu::BreakIterator& iterator = grapheme_iterator();
  iterator.setText(utf8.get(), status);
  if (U_FAILURE(status)) fail_icu(status);
  std::size_t begin = 0;
  for (std::int32_t end = iterator.next(); end != icu::BreakIterator::DONE; end = iterator.next()) {
    visit(begin, static_cast<std::size_t>(end));
    begin = static_cast<std::size_t>(end);
  }
}

}  // namespace

CharacterMap::CharacterMap(std::string_view table) {
  static_assert(std::endian::native == std::endian::little);
  if (table.empty()) return;
  std::uint32_t bytes = 0;
  if (table.size() >= sizeof bytes) std::memcpy(&bytes, table.data(), sizeof bytes);
  if (table.size() > sizeof bytes && bytes % sizeof bytes == 0 && bytes < table.size() - sizeof bytes) {
    trie_.resize(bytes / sizeof bytes);
    std::memcpy(trie_.data(), table.data() + sizeof bytes, bytes);
    replacements_ = table.substr(sizeof bytes + bytes);
  }
  if (is_sound(trie_, replacements_.size()) && find_invalid_utf8(replacements_) == std::string::npos) return;
  refuse_here("a damaged precompiled_charsmap", "the table of a sentencepiece normaliser");
}

const char* CharacterMap::replacement(std::string_view text) const {
  std::size_t node = offset_of(trie_[0]);
  for (const char byte : text) {
    const auto label = static_cast<unsigned char>(byte);
    if (label == 0) return nullptr;
    node ^= label;
    const std::uint32_t unit = trie_[node];
    if (label_of(unit) != label) return nullptr;
    node ^= offset_of(unit);
    if (has_value(unit)) return replacements_.c_str() + value_of(trie_[node]);
  }
  return nullptr;
}

void CharacterMap::append_grapheme(const PlacedText& text, std::size_t begin, std::size_t end,
                                   PlacedText& result) const {
  constexpr std::size_t kShort = 6;
  const std::string_view bytes(text.bytes);
  const auto replace = [&](std::size_t from, std::size_t to) {
    const char* found = replacement(bytes.substr(from, to - from));
    if (found != nullptr) result.append(found, {text.places[from].begin, text.places[to - 1].end});
    return found != nullptr;
  };
  if (end - begin < kShort && replace(begin, end)) return;
  for (std::size_t next = begin; begin < end; begin = next) {
    next += first_character(bytes.substr(begin)).bytes;
    if (!replace(begin, next)) result.append(text, begin, next);
  }
}

PlacedText CharacterMap::apply(const PlacedText& text) const {
  if (trie_.empty()) return text;
  PlacedText result;
  result.bytes.reserve(text.bytes.size());
  result.places.reserve(text.bytes.size());
  visit_graphemes(text.bytes, [&](std::size_t begin, std::size_t end) { append_grapheme(text, begin, end, result); });
  return result;
}

}  // namespace phatgoose
