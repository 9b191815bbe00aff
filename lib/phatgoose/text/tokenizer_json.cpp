#include "phatgoose/text/tokenizer_json.h"

#include <yaml-cpp/binary.h>

#include <algorithm>
#include <cmath>

#include "phatgoose/base/error.h"
#include "phatgoose/text/tokenizer.h"

namespace phatgoose {
namespace {

constexpr const char* kOnlyT5 = "only T5's tokenizer is understood";

std::string type_of(const Json& part) { return part.is_null() ? "null" : json_get<std::string>(part, "type"); }

/// The parts of a Sequence, or the part itself; none where it is null.
std::vector<Json> parts_of(const Json& part, const char* list) {
  if (part.is_null()) return {};
  if (type_of(part) == "Sequence") return json_get<std::vector<Json>>(part, list);
  return {part};
}

std::string decode_base64(const std::string& text) {
  const std::vector<unsigned char> bytes = YAML::DecodeBase64(text);
  if (bytes.empty() && !text.empty()) refuse_here("a damaged precompiled_charsmap", "base64");
  return {bytes.begin(), bytes.end()};
}

/// What `transformers` 4 wrote next to the table where it converted a spiece.model. T5's pre-tokenizer does the same.
bool is_space_rule(const Json& part) {
  const std::string type = type_of(part);
  if (type == "Strip") return !json_get<bool>(part, "strip_left") && json_get<bool>(part, "strip_right");
  if (type != "Replace") return false;
  const Json pattern = json_get<Json>(part, "pattern");
  const auto content = json_get<std::string>(part, "content");
  return pattern == Json{{"Regex", " {2,}"}} && (content == kWordStart || content == " ");
}

std::string read_normalizer(const Json& json, TokenizerPipeline pipeline) {
  std::string character_map;
  bool has_map = false;
  for (const Json& part : parts_of(json_get_or<Json>(json, "normalizer", nullptr), "normalizers")) {
    if (type_of(part) == "Precompiled" && !has_map) {
      const Json table = json_get<Json>(part, "precompiled_charsmap");
      if (!table.is_string()) refuse_here("precompiled_charsmap " + table.dump(), "base64");
      character_map = decode_base64(table.get<std::string>());
      has_map = true;
    } else if (pipeline == TokenizerPipeline::of_file || !is_space_rule(part)) {
      refuse_here("the normalizer " + type_of(part), "Precompiled", kOnlyT5);
    }
  }
  return character_map;
}

void check_metaspace(const Json& part, const std::string& name, TokenizerPipeline pipeline) {
  const std::string found = name + " " + type_of(part);
  if (type_of(part) != "Metaspace") refuse_here("the " + found, "Metaspace", kOnlyT5);
  const auto replacement = json_get<std::string>(part, "replacement");
  if (replacement != kWordStart)
    refuse_here(found + " with replacement \"" + replacement + "\"", std::string(kWordStart), kOnlyT5);
  const bool prepends = json_get_or<bool>(part, "add_prefix_space", true);
  const auto scheme = json_get_or<std::string>(part, "prepend_scheme", prepends ? "always" : "never");
  if (scheme == "always" || (scheme == "first" && pipeline == TokenizerPipeline::of_t5)) return;
  refuse_here(found + " with prepend_scheme " + scheme, "always", kOnlyT5);
}

void check_pre_tokenizer(const Json& json, TokenizerPipeline pipeline) {
  const auto parts = parts_of(json_get_or<Json>(json, "pre_tokenizer", nullptr), "pretokenizers");
  const bool splits = parts.size() == 2 && type_of(parts.front()) == "WhitespaceSplit";
  const bool is_alone = parts.size() == 1 && pipeline == TokenizerPipeline::of_t5;
  if (!splits && !is_alone) {
    std::string found;
    for (const Json& part : parts) found += (found.empty() ? "" : ", ") + type_of(part);
    refuse_here("the pre_tokenizer " + (found.empty() ? "null" : found), "WhitespaceSplit, Metaspace", kOnlyT5);
  }
  check_metaspace(parts.back(), "pre_tokenizer", pipeline);
  if (json_get_or<bool>(parts.back(), "split", true)) return;
  refuse_here("the pre_tokenizer Metaspace with split false", "true", kOnlyT5);
}

void check_decoder(const Json& json, TokenizerPipeline pipeline) {
  const Json decoder = json_get_or<Json>(json, "decoder", nullptr);
  if (decoder.is_null() && pipeline == TokenizerPipeline::of_t5) return;
  check_metaspace(decoder, "decoder", pipeline);
}

/// What is put around a text: nothing before it, EOS after it.
void check_post_processor(const Json& json, TokenizerPipeline pipeline) {
  const Json processor = json_get_or<Json>(json, "post_processor", nullptr);
  if (processor.is_null() && pipeline == TokenizerPipeline::of_t5) return;
  if (type_of(processor) != "TemplateProcessing") {
    refuse_here("the post_processor " + type_of(processor), "TemplateProcessing", kOnlyT5);
  }
  const Json single = json_get<Json>(processor, "single");
  const bool ends =
      single.is_array() && single.size() == 2 && single[0].contains("Sequence") && single[1].contains("SpecialToken");
  const Json tokens = json_get_or<Json>(processor, "special_tokens", Json::object());
  const bool is_eos = ends && tokens.is_object() && tokens.size() == 1 &&
                      json_get<std::vector<std::int64_t>>(tokens.front(), "ids") == std::vector<std::int64_t>{kEosId};
  if (!is_eos)
    refuse_here("the post_processor " + processor.dump().substr(0, 200), "the text, then </s> with id 1", kOnlyT5);
}

std::vector<ScoredPiece> read_model(const Json& json, TokenizerPipeline pipeline) {
  const Json model = json_get<Json>(json, "model");
  const auto type = json_get_or<std::string>(model, "type", "without a type");
  if (type != "Unigram") refuse_here("the model " + type, "Unigram", kOnlyT5);
  if (const auto unknown = json_get<std::int64_t>(model, "unk_id"); unknown != kUnknownId) {
    refuse_here("unk_id " + std::to_string(unknown), "2", kOnlyT5);
  }
  if (pipeline == TokenizerPipeline::of_file && json_get_or<bool>(model, "byte_fallback", false)) {
    refuse_here("byte_fallback true", "false", kOnlyT5);
  }
  std::vector<ScoredPiece> pieces;
  for (const Json& entry : json_get<std::vector<Json>>(model, "vocab")) {
    const bool is_pair = entry.is_array() && entry.size() == 2 && entry[0].is_string() && entry[1].is_number();
    if (!is_pair || !std::isfinite(entry[1].get<double>())) refuse_here("the piece " + entry.dump(), "[text, score]");
    pieces.push_back({entry[0].get<std::string>(), entry[1].get<double>()});
  }
  if (pieces.size() <= kUnknownId) refuse_here(std::to_string(pieces.size()) + " pieces", "a vocabulary");
  return pieces;
}

}  // namespace

AddedToken parse_added_token(const Json& value, bool special) {
  if (value.is_string()) return {.content = value.get<std::string>(), .normalized = !special, .special = special};
  AddedToken token{.content = json_get<std::string>(value, "content")};
  token.special = json_get_or<bool>(value, "special", special);
  token.normalized = json_get_or<bool>(value, "normalized", !token.special);
  token.single_word = json_get_or<bool>(value, "single_word", false);
  token.lstrip = json_get_or<bool>(value, "lstrip", false);
  token.rstrip = json_get_or<bool>(value, "rstrip", false);
  if (token.content.empty()) refuse_here("an added token without content", "the text that it stands for");
  return token;
}

std::int32_t parse_token_id(const Json& value, const std::string& token) {
  constexpr std::int64_t kMaxId = 1 << 30;
  if (value.is_number_integer() && value.get<std::int64_t>() >= 0 && value.get<std::int64_t>() <= kMaxId) {
    return value.get<std::int32_t>();
  }
  refuse_here("the id of \"" + token + "\" is " + value.dump(), "0 to 2^30");
}

TokenizerJson read_tokenizer_json(const fs::path& path, TokenizerPipeline pipeline) {
  return read_json(path.string(), [&](const Json& json) {
    TokenizerJson result;
    result.pieces = read_model(json, pipeline);
    result.character_map = read_normalizer(json, pipeline);
    check_pre_tokenizer(json, pipeline);
    check_decoder(json, pipeline);
    check_post_processor(json, pipeline);
    for (const Json& entry : json_get_or<std::vector<Json>>(json, "added_tokens", {})) {
      AddedToken token = parse_added_token(entry, false);
      const std::int32_t id = parse_token_id(json_get<Json>(entry, "id"), token.content);
      if (!result.added.emplace(id, token).second) {
        refuse_here("a second added token with id " + std::to_string(id), "one for each id");
      }
    }
    return result;
  });
}

}  // namespace phatgoose
