#include "phatgoose/text/wordpiece.h"

#include <unicode/utf8.h>

#include <algorithm>
#include <map>
#include <span>
#include <utility>

#include "phatgoose/base/error.h"

namespace phatgoose {
namespace {

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
    refuse(files.where, "no \"" + name + "\"", "a vocabulary with its special tokens",
           "vocabulary and tokenizer_config.json may belong to different models");
  };
  unknown_ = required(settings_.unknown);
  classify_ = required(settings_.classify);
  separate_ = required(settings_.separate);
  add_tokens(files.added);
}

/// Those of tokenizer.json and the special ones that it does not list.
void WordPieceTokenizer::add_tokens(const std::vector<AddedPiece>& listed) {
  std::map<std::string, AddedPiece> added;  // by content
  for (const AddedPiece& piece : listed) added.emplace(piece.token.content, piece);
  for (const std::string& name :
       {settings_.unknown, settings_.classify, settings_.separate, settings_.pad, settings_.mask}) {
    const auto found = vocabulary_.find(name);
    if (!name.empty() && found != vocabulary_.end()) added.try_emplace(name, AddedPiece{{name}, found->second});
  }
  std::vector<AddedToken> tokens;
  std::vector<std::string> raw, normal;
  for (const auto& [content, piece] : added) {
    raw.push_back(piece.token.normalized ? "" : content);
    normal.push_back(piece.token.normalized ? bert_normalized(content, settings_.text) : "");
    tokens.push_back(piece.token);
    size_ = std::max<std::int64_t>(size_, piece.id + 1);
    added_.push_back(piece);
  }
  in_raw_text_ = AddedTokenFinder(tokens, raw);
  in_normal_text_ = AddedTokenFinder(tokens, normal);
}

TokenIds WordPieceTokenizer::encode(std::string_view text, std::int64_t max_length) const {
  const auto kept = static_cast<std::size_t>(std::max<std::int64_t>(max_length, 2)) - 1;
  TokenIds ids = {classify_};
  for (const TextStretch& stretch : in_raw_text_.cut(text)) {
    if (ids.size() >= kept) break;
    append_stretch(text, stretch, ids, [&](std::string_view part) {
      const std::string normal = bert_normalized(part, settings_.text);
      for (const TextStretch& inner : in_normal_text_.cut(normal)) {
        append_stretch(normal, inner, ids, [&](std::string_view words) { append_words(words, ids); });
      }
    });
  }
  if (ids.size() > kept) ids.resize(kept);
  ids.push_back(separate_);
  return ids;
}

/// The stretch's added token, or what `append` makes of its text.
template <typename Append>
void WordPieceTokenizer::append_stretch(std::string_view text, const TextStretch& stretch, TokenIds& ids,
                                        const Append& append) const {
  if (!stretch.token) return append(text.substr(stretch.begin, stretch.end - stretch.begin));
  ids.push_back(added_[static_cast<std::size_t>(*stretch.token)].id);
}

void WordPieceTokenizer::append_words(std::string_view normalized, TokenIds& ids) const {
  for (const std::string& word : bert_words(normalized)) append_pieces(word, ids);
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
  for (const auto& [token, id] : added_)
    sorted[{id, token.content}] = token.single_word ? (token.normalized ? 'm' : 'w') : (token.normalized ? 'n' : 's');
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
