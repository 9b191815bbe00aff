#include "phatgoose/text/tokenizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "phatgoose/base/error.h"
#include "phatgoose/text/character_map.h"
#include "phatgoose/text/tokenizer_files.h"
#include "phatgoose/text/unicode.h"

namespace phatgoose {
namespace {

/// `text` as valid UTF-8: a byte that is none becomes U+FFFD.
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

/// clean_up_tokenization of `transformers`.
void clean_up_spaces(std::string& text) {
  for (const auto& [from, to] : {std::pair(" .", "."),
                                 {" ?", "?"},
                                 {" !", "!"},
                                 {" ,", ","},
                                 {" ' ", "'"},
                                 {" n't", "n't"},
                                 {" 'm", "'m"},
                                 {" 's", "'s"},
                                 {" 've", "'ve"},
                                 {" 're", "'re"}}) {
    replace_all(text, from, to);
  }
}

}  // namespace

struct Tokenizer::Impl {
  /// What an id is decoded to, and whether it is left out.
  struct Decoded {
    std::string text;
    bool is_special;
  };

  TokenizerFiles files;
  CharacterMap characters;
  UnigramModel unigram;
  std::vector<TokenId> added_ids;                // by the numbers that the finders give
  AddedTokenFinder in_raw_text, in_normal_text;  // added tokens that are not, and that are normalised
  std::vector<Decoded> decoded;                  // by id
  std::vector<TokenId> sentinels = std::vector<TokenId>(kSentinelCount, -1);

  explicit Impl(const fs::path& directory)
      : files(read_tokenizer_files(directory)),
        characters(in(files.vocabulary_file, [&] { return CharacterMap(files.character_map); })),
        unigram(files.pieces, kUnknownId) {
    for (const ScoredPiece& piece : files.pieces) decoded.push_back({piece.text, false});
    std::vector<AddedToken> tokens;
    std::vector<std::string> raw, normal, special;
    std::set<std::pair<bool, std::string>> seen;
    for (const auto& [id, token] : files.added) {
      const std::string content = token.normalized ? characters.apply(placed_utf8(token.content)).bytes : token.content;
      if (!seen.emplace(token.normalized, content).second) {
        refuse(files.vocabulary_file,
               "the added token \"" + token.content + "\", which is another one once it is normalised",
               "tokens that can be told apart");
      }
      tokens.push_back(token);
      added_ids.push_back(id);
      raw.push_back(token.normalized ? "" : content);
      normal.push_back(token.normalized ? content : "");
      if (token.special) special.push_back(token.content);
      decoded.resize(std::max(decoded.size(), static_cast<std::size_t>(id) + 1));
      decoded[static_cast<std::size_t>(id)].text = content;
    }
    std::ranges::sort(special);
    for (Decoded& entry : decoded) entry.is_special = std::ranges::binary_search(special, entry.text);
    for (int n = 0; n < kSentinelCount; ++n) {
      const auto found = std::ranges::find(decoded, fmt::format("<extra_id_{}>", n), &Decoded::text);
      if (found != decoded.end()) sentinels[n] = static_cast<TokenId>(found - decoded.begin());
    }
    in_raw_text = AddedTokenFinder(tokens, raw);
    in_normal_text = AddedTokenFinder(std::move(tokens), normal);
  }

  std::vector<TextToken> encode(std::string_view text) const {
    const PlacedText whole = placed_utf8(text);
    std::vector<TextToken> tokens;
    for_each_stretch(in_raw_text, whole, tokens, [&](const PlacedText& raw) {
      for_each_stretch(in_normal_text, characters.apply(raw), tokens, [&](const PlacedText& normal) {
        for (const WordPlace& word : word_places(normal.bytes, is_white_space)) {
          append_word(normal.part(word.begin, word.end), tokens);
        }
      });
    });
    return tokens;
  }

  /// Appends the added tokens of `text`, and hands on what lies between them.
  template <typename Between>
  void for_each_stretch(const AddedTokenFinder& finder, const PlacedText& text, std::vector<TextToken>& tokens,
                        Between between) const {
    for (const TextStretch& stretch : finder.cut(text.bytes)) {
      if (!stretch.token) {
        between(text.part(stretch.begin, stretch.end));
      } else {
        tokens.push_back({added_ids[static_cast<std::size_t>(*stretch.token)], text.places[stretch.begin].begin,
                          text.places[stretch.end - 1].end});
      }
    }
  }

  /// A word begins with the sign for the space before it; where the sign stands in the text, a word begins as well.
  void append_word(PlacedText word, std::vector<TextToken>& tokens) const {
    if (!word.bytes.starts_with(kWordStart)) {
      PlacedText started;
      started.append(kWordStart, {word.places.front().begin, word.places.front().begin});
      started.append(word, 0, word.bytes.size());
      word = std::move(started);
    }
    for (std::size_t begin = 0, end = 0; begin < word.bytes.size(); begin = end) {
      end = std::min(word.bytes.find(kWordStart, begin + 1), word.bytes.size());
      std::size_t first = begin;
      for (const Segment& segment : unigram.segment(std::string_view(word.bytes).substr(begin, end - begin))) {
        const std::size_t last = begin + segment.end;
        tokens.push_back({segment.id, word.places[first].begin, word.places[last - 1].end});
        first = last;
      }
    }
  }
};

Tokenizer::Tokenizer(const fs::path& directory) : impl_(std::make_unique<Impl>(directory)) {}

std::optional<Tokenizer> Tokenizer::of_base(const fs::path& base, std::int64_t vocab_size) {
  if (!has_tokenizer(base)) return std::nullopt;
  std::optional<Tokenizer> tokenizer(base);
  tokenizer->check_vocab_size(vocab_size, base.string());
  return tokenizer;
}

Tokenizer::~Tokenizer() = default;
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;

TokenIds Tokenizer::encode(std::string_view text) const {
  TokenIds ids;
  for (const TextToken& token : impl_->encode(text)) ids.push_back(token.id);
  return ids;
}

std::vector<TextToken> Tokenizer::encode_with_places(std::string_view text) const { return impl_->encode(text); }

TokenIds Tokenizer::encode_with_eos(std::string_view text, std::int64_t max_length) const {
  TokenIds ids = encode(text);
  const auto kept = static_cast<std::size_t>(std::max<std::int64_t>(max_length - 1, 0));
  if (ids.size() > kept) ids.resize(kept);
  ids.push_back(kEosId);
  return ids;
}

std::string Tokenizer::decode(std::span<const TokenId> ids) const {
  std::string text;
  bool is_first = true;
  for (const TokenId id : ids) {
    if (id == kEosId) break;
    if (id < 0 || id >= size()) continue;  // rows of the head without a piece
    const Impl::Decoded& token = impl_->decoded[static_cast<std::size_t>(id)];
    if (token.is_special || token.text.empty()) continue;
    std::string piece = token.text;
    replace_all(piece, kWordStart, is_first ? "" : " ");
    text += piece;
    is_first = false;
  }
  if (impl_->files.clean_up_spaces) clean_up_spaces(text);
  return text;
}

std::string Tokenizer::piece(TokenId id) const {
  return id < 0 || id >= size() ? "" : impl_->decoded[static_cast<std::size_t>(id)].text;
}

std::int64_t Tokenizer::size() const { return std::ssize(impl_->decoded); }

TokenId Tokenizer::sentinel(int n) const {
  if (const TokenId id = impl_->sentinels.at(static_cast<std::size_t>(n)); id >= 0) return id;
  refuse(impl_->files.vocabulary_file, fmt::format("no <extra_id_{}>", n),
         fmt::format("{} sentinels, as T5 has", kSentinelCount));
}

std::string Tokenizer::fingerprint() const {
  const TokenizerFiles& files = impl_->files;
  std::string text;
  for (const ScoredPiece& piece : files.pieces) text += fmt::format("{} {}\n", piece.text, piece.score);
  for (const auto& [id, token] : files.added) {
    text += fmt::format("{} {} {:d}{:d}{:d}{:d}{:d}\n", id, token.content, token.single_word, token.lstrip,
                        token.rstrip, token.normalized, token.special);
  }
  text += fmt::format("{:d}\n", files.clean_up_spaces) + files.character_map;
  return content_hash(std::as_bytes(std::span(text)));
}

void Tokenizer::check_vocab_size(std::int64_t vocab_size, const std::string& where) const {
  if (size() <= vocab_size) return;
  const auto pieces = std::ssize(impl_->files.pieces);
  refuse(
      where, fmt::format("vocab_size {}", vocab_size),
      fmt::format("at least {} ({} pieces and sentinels, {} tokens that were added)", size(), pieces, size() - pieces),
      "the tokenizer and config.json belong to different models");
}

}  // namespace phatgoose
