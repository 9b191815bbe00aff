#include "phatgoose/text/sentencepiece_model.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <optional>

#include "phatgoose/base/error.h"

namespace phatgoose {
namespace {

[[noreturn]] void refuse_damaged() {
  refuse_here("no sentencepiece model, or a damaged one", "the spiece.model of a T5 checkpoint");
}

/// A field of a protocol buffer message (protobuf.dev/programming-guides/encoding).
struct ProtoField {
  std::uint64_t number;
  std::uint64_t value = 0;   ///< of a varint or a fixed-width number
  std::string_view bytes{};  ///< of a string or a message
};

/// The fields of a message in the order in which they are stored.
class ProtoReader {
 public:
  explicit ProtoReader(std::string_view message) : rest_(message) {}

  std::optional<ProtoField> next() {
    if (rest_.empty()) return std::nullopt;
    const std::uint64_t tag = varint();
    ProtoField field{tag >> 3};
    switch (tag & 7) {
      case 0:
        field.value = varint();
        return field;
      case 1:
        field.value = fixed<std::uint64_t>();
        return field;
      case 2:
        field.bytes = take(varint());
        return field;
      case 5:
        field.value = fixed<std::uint32_t>();
        return field;
      default:
        refuse_damaged();
    }
  }

 private:
  std::string_view take(std::uint64_t count) {
    if (count > rest_.size()) refuse_damaged();
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }

  template <typename T>
  T fixed() {
    static_assert(std::endian::native == std::endian::little);
    T value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }

  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(take(1).front());
      value |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return value;
    }
    refuse_damaged();
  }

  std::string_view rest_;
};

SentencePiece parse_piece(std::string_view message) {
  SentencePiece piece;
  ProtoReader reader(message);
  while (const auto field = reader.next()) {
    if (field->number == 1) piece.text = field->bytes;
    if (field->number == 2) piece.score = std::bit_cast<float>(static_cast<std::uint32_t>(field->value));
    if (field->number == 3) {
      if (field->value < 1 || field->value > 6) refuse_damaged();
      piece.kind = static_cast<PieceKind>(field->value);
    }
  }
  if (!std::isfinite(piece.score)) refuse_damaged();
  return piece;
}

void parse_trainer(std::string_view message, SentencePieceModel& model) {
  constexpr std::uint64_t kUnigram = 1;
  ProtoReader reader(message);
  while (const auto field = reader.next()) {
    if (field->number == 3 && field->value != kUnigram) {
      refuse_here("model_type " + std::to_string(field->value), "1, unigram, as T5's tokenizer is");
    }
    if (field->number == 24 && field->value != 0) refuse_here("treat_whitespace_as_suffix true", "false");
    if (field->number == 35) model.byte_fallback = field->value != 0;
  }
}

void parse_normalizer(std::string_view message, SentencePieceModel& model) {
  ProtoReader reader(message);
  while (const auto field = reader.next()) {
    if (field->number == 2) model.character_map = field->bytes;
    for (const auto& [number, name] :
         {std::pair(3, "add_dummy_prefix"), {4, "remove_extra_whitespaces"}, {5, "escape_whitespaces"}}) {
      if (field->number == static_cast<std::uint64_t>(number) && field->value == 0) {
        refuse_here(std::string(name) + " false", "true, as T5's tokenizer treats white space");
      }
    }
  }
}

void check_denormalizer(std::string_view message) {
  ProtoReader reader(message);
  while (const auto field = reader.next()) {
    if (field->number != 2 || field->bytes.empty()) continue;
    refuse_here("a denormalizer", "pieces that are decoded as they stand");
  }
}

SentencePieceModel parse_model(std::string_view content) {
  SentencePieceModel model;
  ProtoReader reader(content);
  while (const auto field = reader.next()) {
    if (field->number == 1) model.pieces.push_back(parse_piece(field->bytes));
    if (field->number == 2) parse_trainer(field->bytes, model);
    if (field->number == 3) parse_normalizer(field->bytes, model);
    if (field->number == 5) check_denormalizer(field->bytes);
  }
  if (model.pieces.empty()) refuse_damaged();
  return model;
}

}  // namespace

SentencePieceModel read_sentencepiece_model(const fs::path& path) {
  const std::string content = read_file(path);
  return in(path.string(), [&] { return parse_model(content); });
}

}  // namespace phatgoose
