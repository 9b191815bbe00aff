#include "phatgoose/text/tokenizer.h"

#include <sentencepiece_processor.h>

#include <algorithm>
#include <optional>

#include "phatgoose/base/error.h"

namespace phatgoose {
namespace {

constexpr std::string_view kSentinelPrefix = "<extra_id_";
constexpr std::string_view kWordStart = "\u2581";  // what sentencepiece writes for a space

/// A sentinel written out in a text.
struct SentinelMatch {
  std::size_t begin, end;
  int n;
};

/// The first sentinel in `text` from `from` on. "<extra_id_07>" and "<extra_id_100>" are no sentinels.
std::optional<SentinelMatch> find_sentinel(std::string_view text, std::size_t from) {
  for (std::size_t begin = text.find(kSentinelPrefix, from); begin != std::string_view::npos;
       begin = text.find(kSentinelPrefix, begin + 1)) {
    const std::size_t digits = begin + kSentinelPrefix.size();
    const std::size_t close = text.find_first_not_of("0123456789", digits);
    if (close == std::string_view::npos || text[close] != '>') continue;
    const std::string_view number = text.substr(digits, close - digits);
    if (number.empty() || number.size() > 2 || (number.size() == 2 && number[0] == '0')) continue;
    return SentinelMatch{begin, close + 1, std::stoi(std::string(number))};
  }
  return std::nullopt;
}

std::string sentinel_text(int n) { return std::string(kSentinelPrefix) + std::to_string(n) + ">"; }

}  // namespace

struct Tokenizer::Impl {
  sentencepiece::SentencePieceProcessor processor;

  void append_encoded(std::string_view text, TokenIds& ids) const {
    std::vector<int> piece_ids;
    const auto status = processor.Encode(absl::string_view(text.data(), text.size()), &piece_ids);
    if (!status.ok()) {
      fail(ExitCode::bug,
           {.where = "sentencepiece", .found = status.ToString(), .expected = "ids of a text", .hint = ""});
    }
    ids.insert(ids.end(), piece_ids.begin(), piece_ids.end());
  }

  /// Text of a run of pieces without sentinels; `first` when nothing stands before it.
  std::string decoded(const std::vector<int>& ids, bool first) const {
    if (ids.empty()) return {};
    std::string text;
    const auto status = processor.Decode(ids, &text);
    if (!status.ok()) {
      fail(ExitCode::bug,
           {.where = "sentencepiece", .found = status.ToString(), .expected = "text of ids", .hint = ""});
    }
    // sentencepiece drops the space before the first word of what it is given.
    const bool spaced = !first && std::string_view(processor.IdToPiece(ids.front())).starts_with(kWordStart);
    return spaced ? " " + text : text;
  }
};

Tokenizer::Tokenizer(const fs::path& directory) : impl_(std::make_unique<Impl>()) {
  const fs::path path = directory / "spiece.model";
  const std::string model = read_file(path);
  auto& processor = impl_->processor;
  if (model.empty() || !processor.LoadFromSerializedProto(model).ok()) {
    fail(ExitCode::bad_data, {.where = path.string(),
                              .found = "no sentencepiece model, or a damaged one",
                              .expected = "the spiece.model of a T5 checkpoint",
                              .hint = ""});
  }
  if (processor.pad_id() != kPadId || processor.eos_id() != kEosId || processor.unk_id() != 2) {
    fail(ExitCode::bad_data, {.where = path.string(),
                              .found = "pad, eos and unk have ids " + std::to_string(processor.pad_id()) + ", " +
                                       std::to_string(processor.eos_id()) + ", " + std::to_string(processor.unk_id()),
                              .expected = "0, 1, 2",
                              .hint = "this is not the vocabulary of a T5 model"});
  }
}

Tokenizer::~Tokenizer() = default;
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;

TokenIds Tokenizer::encode(std::string_view text) const {
  // A sentinel parts the text: what stands on either side is encoded like a text of its own, so white space around the
  // sentinel does not matter.
  TokenIds ids;
  std::size_t from = 0;
  while (const auto match = find_sentinel(text, from)) {
    impl_->append_encoded(text.substr(from, match->begin - from), ids);
    ids.push_back(sentinel(match->n));
    from = match->end;
  }
  impl_->append_encoded(text.substr(from), ids);
  return ids;
}

std::vector<TextToken> Tokenizer::encode_with_places(std::string_view text) const {
  const auto encoded = impl_->processor.EncodeAsImmutableProto(absl::string_view(text.data(), text.size()));
  std::vector<TextToken> tokens;
  for (const auto& piece : encoded.pieces()) {
    tokens.push_back({static_cast<TokenId>(piece.id()), piece.begin(), piece.end()});
  }
  return tokens;
}

TokenIds Tokenizer::encode_with_eos(std::string_view text, std::int64_t max_length) const {
  TokenIds ids = encode(text);
  const auto kept = static_cast<std::size_t>(std::max<std::int64_t>(max_length - 1, 0));
  if (ids.size() > kept) ids.resize(kept);
  ids.push_back(kEosId);
  return ids;
}

std::string Tokenizer::decode(std::span<const TokenId> ids) const {
  std::string text;
  std::vector<int> run;
  const auto close_run = [&] {
    text += impl_->decoded(run, text.empty());
    run.clear();
  };
  const TokenId first_sentinel = static_cast<TokenId>(piece_count());
  for (const TokenId id : ids) {
    if (id == kEosId) break;
    if (id == kPadId || id < 0 || id >= first_sentinel + kSentinelCount) continue;  // rows of the head without a piece
    if (id < first_sentinel) {
      run.push_back(id);
      continue;
    }
    close_run();
    text += sentinel_text(static_cast<int>(first_sentinel + kSentinelCount - 1 - id));
  }
  close_run();
  return text;
}

std::int64_t Tokenizer::piece_count() const { return impl_->processor.GetPieceSize(); }

TokenId Tokenizer::sentinel(int n) const { return static_cast<TokenId>(piece_count()) + kSentinelCount - 1 - n; }

void Tokenizer::check_vocab_size(std::int64_t vocab_size, const std::string& where) const {
  if (size() <= vocab_size) return;
  fail(ExitCode::bad_data, {.where = where,
                            .found = "vocab_size " + std::to_string(vocab_size),
                            .expected = "at least " + std::to_string(size()) + " (" + std::to_string(piece_count()) +
                                        " pieces of spiece.model and " + std::to_string(kSentinelCount) + " sentinels)",
                            .hint = "config.json and spiece.model belong to different models"});
}

}  // namespace phatgoose
