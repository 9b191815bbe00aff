#include "phatgoose/text/tokenizer_json.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "phatgoose/base/error.h"
#include "phatgoose/text/tokenizer.h"

namespace phatgoose {
namespace {

[[noreturn]] void refuse_part(const std::string& where, const std::string& found, const std::string& expected) {
  refuse(where, found, expected, "only T5's tokenizer is understood");
}

std::string type_of(const Json& part, const std::string& where) {
  return part.is_null() ? "null" : json_get<std::string>(part, "type", where);
}

/// The parts of a Sequence, or the part itself; none where it is null.
std::vector<Json> parts_of(const Json& part, const char* list, const std::string& where) {
  if (part.is_null()) return {};
  if (type_of(part, where) == "Sequence") return json_get<std::vector<Json>>(part, list, where);
  return {part};
}

std::string decode_base64(const std::string& text, const std::string& where) {
  static constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  std::uint32_t buffer = 0;
  int bits = 0;
  const std::size_t size = std::min(text.size(), text.find('='));
  for (std::size_t i = 0; i < size; ++i) {
    const std::size_t digit = kDigits.find(text[i]);
    if (digit == std::string_view::npos) refuse(where, "a damaged precompiled_charsmap", "base64");
    buffer = buffer << 6 | static_cast<std::uint32_t>(digit);
    if ((bits += 6) < 8) continue;
    bits -= 8;
    bytes.push_back(static_cast<char>(buffer >> bits & 0xFF));
  }
  return bytes;
}

/// What `transformers` 4 wrote next to the table where it converted a spiece.model. T5's pre-tokenizer does the same.
bool is_space_rule(const Json& part, const std::string& where) {
  const std::string type = type_of(part, where);
  if (type == "Strip") return !json_get<bool>(part, "strip_left", where) && json_get<bool>(part, "strip_right", where);
  if (type != "Replace") return false;
  const Json pattern = json_get<Json>(part, "pattern", where);
  const auto content = json_get<std::string>(part, "content", where);
  return pattern == Json{{"Regex", " {2,}"}} && (content == kWordStart || content == " ");
}

std::string read_normalizer(const Json& json, TokenizerPipeline pipeline, const std::string& where) {
  std::string character_map;
  bool has_map = false;
  for (const Json& part : parts_of(json_get_or<Json>(json, "normalizer", nullptr, where), "normalizers", where)) {
    if (type_of(part, where) == "Precompiled" && !has_map) {
      const Json table = json_get<Json>(part, "precompiled_charsmap", where);
      if (!table.is_string()) refuse(where, "precompiled_charsmap " + table.dump(), "base64");
      character_map = decode_base64(table.get<std::string>(), where);
      has_map = true;
    } else if (pipeline == TokenizerPipeline::of_file || !is_space_rule(part, where)) {
      refuse_part(where, "the normalizer " + type_of(part, where), "Precompiled");
    }
  }
  return character_map;
}

void check_metaspace(const Json& part, const std::string& name, TokenizerPipeline pipeline, const std::string& where) {
  const std::string found = name + " " + type_of(part, where);
  if (type_of(part, where) != "Metaspace") refuse_part(where, "the " + found, "Metaspace");
  const auto replacement = json_get<std::string>(part, "replacement", where);
  if (replacement != kWordStart)
    refuse_part(where, found + " with replacement \"" + replacement + "\"", std::string(kWordStart));
  const bool prepends = json_get_or<bool>(part, "add_prefix_space", true, where);
  const auto scheme = json_get_or<std::string>(part, "prepend_scheme", prepends ? "always" : "never", where);
  if (scheme == "always" || (scheme == "first" && pipeline == TokenizerPipeline::of_t5)) return;
  refuse_part(where, found + " with prepend_scheme " + scheme, "always");
}

void check_pre_tokenizer(const Json& json, TokenizerPipeline pipeline, const std::string& where) {
  const auto parts = parts_of(json_get_or<Json>(json, "pre_tokenizer", nullptr, where), "pretokenizers", where);
  const bool splits = parts.size() == 2 && type_of(parts.front(), where) == "WhitespaceSplit";
  const bool is_alone = parts.size() == 1 && pipeline == TokenizerPipeline::of_t5;
  if (!splits && !is_alone) {
    std::string found;
    for (const Json& part : parts) found += (found.empty() ? "" : ", ") + type_of(part, where);
    refuse_part(where, "the pre_tokenizer " + (found.empty() ? "null" : found), "WhitespaceSplit, Metaspace");
  }
  check_metaspace(parts.back(), "pre_tokenizer", pipeline, where);
  if (json_get_or<bool>(parts.back(), "split", true, where)) return;
  refuse_part(where, "the pre_tokenizer Metaspace with split false", "true");
}

void check_decoder(const Json& json, TokenizerPipeline pipeline, const std::string& where) {
  const Json decoder = json_get_or<Json>(json, "decoder", nullptr, where);
  if (decoder.is_null() && pipeline == TokenizerPipeline::of_t5) return;
  check_metaspace(decoder, "decoder", pipeline, where);
}

/// What is put around a text: nothing before it, EOS after it.
void check_post_processor(const Json& json, TokenizerPipeline pipeline, const std::string& where) {
  const Json processor = json_get_or<Json>(json, "post_processor", nullptr, where);
  if (processor.is_null() && pipeline == TokenizerPipeline::of_t5) return;
  if (type_of(processor, where) != "TemplateProcessing") {
    refuse_part(where, "the post_processor " + type_of(processor, where), "TemplateProcessing");
  }
  const Json single = json_get<Json>(processor, "single", where);
  const bool ends =
      single.is_array() && single.size() == 2 && single[0].contains("Sequence") && single[1].contains("SpecialToken");
  const Json tokens = json_get_or<Json>(processor, "special_tokens", Json::object(), where);
  const bool is_eos =
      ends && tokens.is_object() && tokens.size() == 1 &&
      json_get<std::vector<std::int64_t>>(tokens.front(), "ids", where) == std::vector<std::int64_t>{kEosId};
  if (!is_eos)
    refuse_part(where, "the post_processor " + processor.dump().substr(0, 200), "the text, then </s> with id 1");
}

std::vector<ScoredPiece> read_model(const Json& json, TokenizerPipeline pipeline, const std::string& where) {
  const Json model = json_get<Json>(json, "model", where);
  const auto type = json_get_or<std::string>(model, "type", "without a type", where);
  if (type != "Unigram") refuse_part(where, "the model " + type, "Unigram");
  if (const auto unknown = json_get<std::int64_t>(model, "unk_id", where); unknown != kUnknownId) {
    refuse_part(where, "unk_id " + std::to_string(unknown), "2");
  }
  if (pipeline == TokenizerPipeline::of_file && json_get_or<bool>(model, "byte_fallback", false, where)) {
    refuse_part(where, "byte_fallback true", "false");
  }
  std::vector<ScoredPiece> pieces;
  for (const Json& entry : json_get<std::vector<Json>>(model, "vocab", where)) {
    const bool is_pair = entry.is_array() && entry.size() == 2 && entry[0].is_string() && entry[1].is_number();
    if (!is_pair || !std::isfinite(entry[1].get<double>())) refuse(where, "the piece " + entry.dump(), "[text, score]");
    pieces.push_back({entry[0].get<std::string>(), entry[1].get<double>()});
  }
  if (pieces.size() <= kUnknownId) refuse(where, std::to_string(pieces.size()) + " pieces", "a vocabulary");
  return pieces;
}

}  // namespace

AddedToken parse_added_token(const Json& value, bool special, const std::string& where) {
  if (value.is_string()) return {.content = value.get<std::string>(), .normalized = !special, .special = special};
  AddedToken token{.content = json_get<std::string>(value, "content", where)};
  token.special = json_get_or<bool>(value, "special", special, where);
  token.normalized = json_get_or<bool>(value, "normalized", !token.special, where);
  token.single_word = json_get_or<bool>(value, "single_word", false, where);
  token.lstrip = json_get_or<bool>(value, "lstrip", false, where);
  token.rstrip = json_get_or<bool>(value, "rstrip", false, where);
  if (token.content.empty()) refuse(where, "an added token without content", "the text that it stands for");
  return token;
}

std::int32_t parse_token_id(const Json& value, const std::string& token, const std::string& where) {
  constexpr std::int64_t kMaxId = 1 << 30;
  if (value.is_number_integer() && value.get<std::int64_t>() >= 0 && value.get<std::int64_t>() <= kMaxId) {
    return value.get<std::int32_t>();
  }
  refuse(where, "the id of \"" + token + "\" is " + value.dump(), "0 to 2^30");
}

TokenizerJson read_tokenizer_json(const fs::path& path, TokenizerPipeline pipeline) {
  const std::string where = path.string();
  const Json json = read_json(where);
  TokenizerJson result;
  result.pieces = read_model(json, pipeline, where);
  result.character_map = read_normalizer(json, pipeline, where);
  check_pre_tokenizer(json, pipeline, where);
  check_decoder(json, pipeline, where);
  check_post_processor(json, pipeline, where);
  for (const Json& entry : json_get_or<std::vector<Json>>(json, "added_tokens", {}, where)) {
    AddedToken token = parse_added_token(entry, false, where);
    const std::int32_t id = parse_token_id(json_get<Json>(entry, "id", where), token.content, where);
    if (!result.added.emplace(id, token).second) {
      refuse(where, "a second added token with id " + std::to_string(id), "one for each id");
    }
  }
  return result;
}

}  // namespace phatgoose
