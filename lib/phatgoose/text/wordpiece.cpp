#include "phatgoose/text/wordpiece.h"

#include <unicode/utf8.h>

#include <algorithm>
#include <map>
#include <optional>
#include <span>
#include <utility>

#include "phatgoose/base/error.h"

namespace phatgoose {
namespace {

/// A special token written out in a text.
struct Match {
  std::size_t begin, end;
  TokenId id;
};

/// The first of `tokens` (the longest first) in `text` from `from` on; of several that begin there, the longest.
std::optional<Match> find_special(std::string_view text, std::size_t from, const std::vector<NamedId>& tokens) {
  std::optional<Match> first;
  for (const NamedId& token : tokens) {
    const std::size_t begin = text.find(token.name, from);
    if (begin != std::string_view::npos && (!first || begin < first->begin))
      first = Match{begin, begin + token.name.size(), token.id};
  }
  return first;
}

std::int64_t character_count(std::string_view text) {
  return std::count_if(text.begin(), text.end(), [](char byte) { return !U8_IS_TRAIL(byte); });
}

}  // namespace

WordPieceTokenizer::WordPieceTokenizer(const fs::path& directory) {
  WordPieceFiles files = read_wordpiece_files(directory);
  settings_ = std::move(files.settings);
  for (NamedId& piece : files.pieces) {
    size_ = std::max<std::int64_t>(size_, piece.id + 1);
    vocabulary_.insert_or_assign(std::move(piece.name), piece.id);
  }
  const auto required = [&](const std::string& name) {
    const auto found = vocabulary_.find(name);
    if (found != vocabulary_.end()) return found->second;
    refuse(files.where, "no \"" + name + "\"", "a BERT vocabulary with its special tokens",
           "vocabulary and tokenizer_config.json may belong to different models");
  };
  unknown_ = required(settings_.unknown);
  classify_ = required(settings_.classify);
  separate_ = required(settings_.separate);

  std::map<std::string, TokenId> special;
  for (const NamedId& token : files.added) special[token.name] = token.id;
  for (const std::string& name :
       {settings_.unknown, settings_.classify, settings_.separate, settings_.pad, settings_.mask}) {
    const auto found = vocabulary_.find(name);
    if (!name.empty() && found != vocabulary_.end()) special[name] = found->second;
  }
  for (const auto& [name, id] : special) {
    special_.push_back({name, id});
    size_ = std::max<std::int64_t>(size_, id + 1);
  }
  std::ranges::stable_sort(special_, std::greater<>(), [](const NamedId& token) { return token.name.size(); });
}

TokenIds WordPieceTokenizer::encode(std::string_view text, std::int64_t max_length) const {
  const auto kept = static_cast<std::size_t>(std::max<std::int64_t>(max_length, 2)) - 1;
  TokenIds ids = {classify_};
  std::size_t from = 0;
  while (ids.size() < kept) {
    const auto match = find_special(text, from, special_);
    append_plain(text.substr(from, (match ? match->begin : text.size()) - from), ids);
    if (!match) break;
    ids.push_back(match->id);
    from = match->end;
  }
  if (ids.size() > kept) ids.resize(kept);
  ids.push_back(separate_);
  return ids;
}

void WordPieceTokenizer::append_plain(std::string_view text, TokenIds& ids) const {
  for (const std::string& word : bert_words(text, settings_.text)) append_pieces(word, ids);
}

/// Takes the longest piece of the vocabulary that the rest of the word begins with, until nothing is left; a word that
/// cannot be taken apart so is unknown as a whole.
void WordPieceTokenizer::append_pieces(const std::string& word, TokenIds& ids) const {
  const std::size_t before = ids.size();
  const auto unknown = [&] {
    ids.resize(before);
    ids.push_back(unknown_);
  };
  if (character_count(word) > settings_.max_word_characters) return unknown();
  std::string rest = word;  // from the second piece on, the continuation mark stands before it
  std::size_t mark = 0;
  while (rest.size() > mark) {
    std::size_t end = rest.size();
    auto found = vocabulary_.find(std::string_view(rest));
    while (found == vocabulary_.end()) {
      do {
        --end;
      } while (end > mark && U8_IS_TRAIL(rest[end]));
      if (end <= mark) return unknown();
      found = vocabulary_.find(std::string_view(rest).substr(0, end));
    }
    ids.push_back(found->second);
    rest = settings_.continuation + rest.substr(end);
    mark = settings_.continuation.size();
  }
}

std::string WordPieceTokenizer::fingerprint() const {
  std::map<std::pair<TokenId, std::string>, char> sorted;
  for (const auto& [name, id] : vocabulary_) sorted[{id, name}] = 'p';
  for (const NamedId& token : special_) sorted[{token.id, token.name}] = 's';
  std::string text;
  for (const auto& [token, kind] : sorted) text += kind + std::to_string(token.first) + ' ' + token.second + '\n';
  const BertTextRules& rules = settings_.text;
  for (const bool rule : {rules.clean_text, rules.space_chinese, rules.strip_accents, rules.lower_case})
    text += rule ? '1' : '0';
  text += ' ' + settings_.continuation + ' ' + std::to_string(settings_.max_word_characters);
  for (const TokenId id : {unknown_, classify_, separate_}) text += ' ' + std::to_string(id);
  return content_hash(std::as_bytes(std::span(text)));
}

}  // namespace phatgoose
