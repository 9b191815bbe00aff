#include "phatgoose/text/wordpiece_files.h"

#include <string_view>
#include <unordered_map>

#include "phatgoose/base/error.h"
#include "phatgoose/base/json.h"
#include "phatgoose/text/line_reader.h"
#include "phatgoose/text/tokenizer_json.h"

namespace phatgoose {
namespace {

/// `object`[key] must be an object whose "type" is `type`.
Json part_of_type(const Json& object, const std::string& key, const std::string& type) {
  const Json part = json_get<Json>(object, key);
  const std::string found = part.is_object() ? json_get_or<std::string>(part, "type", "") : part.dump();
  if (found != type) {
    refuse_here(key + " " + (found.empty() ? "without a type" : found), type, "only BERT's tokenizer is understood");
  }
  return part;
}

/// A token is spelled as a string, or as an object with its "content".
void read_token(const Json& config, const std::string& key, std::string& token) {
  const auto found = config.find(key);
  if (found == config.end() || found->is_null()) return;
  token = found->is_object() ? json_get<std::string>(*found, "content") : json_get<std::string>(config, key);
}

// ---- tokenizer.json -------------------------------------------------------------------------------------------------

/// What tokenizer.json says about the text; strip_accents that is null follows lowercase.
void read_normalizer(const Json& json, BertTextRules& text) {
  const Json normalizer = part_of_type(json, "normalizer", "BertNormalizer");
  text.clean_text = json_get_or<bool>(normalizer, "clean_text", true);
  text.space_chinese = json_get_or<bool>(normalizer, "handle_chinese_chars", true);
  text.lower_case = json_get_or<bool>(normalizer, "lowercase", true);
  text.strip_accents = json_get_or<bool>(normalizer, "strip_accents", text.lower_case);
}

std::vector<AddedPiece> read_added_tokens(const Json& json) {
  std::vector<AddedPiece> added;
  for (const Json& entry : json_get_or<Json>(json, "added_tokens", Json::array())) {
    AddedToken token = parse_added_token(entry, false);
    const TokenId id = parse_token_id(json_get<Json>(entry, "id"), token.content);
    added.push_back({std::move(token), id});
  }
  return added;
}

std::vector<NamedId> read_vocabulary(const Json& model) {
  const Json vocabulary = json_get<Json>(model, "vocab");
  if (!vocabulary.is_object()) refuse_here("the vocabulary is no object", "piece to id");
  std::vector<NamedId> pieces;
  for (const auto& [name, id] : vocabulary.items()) pieces.push_back({name, parse_token_id(id, name)});
  return pieces;
}

/// Fills `files` from tokenizer.json, all of it.
void read_tokenizer_json(const Json& json, WordPieceFiles& files) {
  const Json model = part_of_type(json, "model", "WordPiece");
  part_of_type(json, "pre_tokenizer", "BertPreTokenizer");
  WordPieceSettings& settings = files.settings;
  read_normalizer(json, settings.text);
  settings.unknown = json_get_or<std::string>(model, "unk_token", settings.unknown);
  settings.continuation = json_get_or<std::string>(model, "continuing_subword_prefix", settings.continuation);
  settings.max_word_characters =
      json_get_or<std::int64_t>(model, "max_input_chars_per_word", settings.max_word_characters);
  files.added = read_added_tokens(json);
  files.pieces = read_vocabulary(model);
}

// ---- tokenizer_config.json ------------------------------------------------------------------------------------------

/// Each class has its own names for the special tokens; where there is a tokenizer.json, that says the rest.
void read_class(const Json& config, bool has_tokenizer_json, WordPieceSettings& settings) {
  const auto kind = json_get_or<std::string>(config, "tokenizer_class", "BertTokenizer");
  if (kind == "MPNetTokenizer" || kind == "MPNetTokenizerFast") {
    settings.classify = "<s>";
    settings.separate = "</s>";
    settings.pad = "<pad>";
    settings.mask = "<mask>";
  } else if (kind != "BertTokenizer" && kind != "BertTokenizerFast" && !has_tokenizer_json) {
    refuse_here("tokenizer_class \"" + kind + "\"", "\"BertTokenizer\" or \"MPNetTokenizer\"");
  }
}

void check_splitting(const Json& config) {
  if (!json_get_or<bool>(config, "do_basic_tokenize", true))
    refuse_here("do_basic_tokenize false", "BERT's basic tokenisation before WordPiece");
  const auto never_split = json_get_or<Json>(config, "never_split", Json::array());
  if (!never_split.empty()) refuse_here("never_split " + never_split.dump(), "none");
}

/// As transformers does, strip_accents that is there but null follows do_lower_case.
void read_text_rules(const Json& config, BertTextRules& text) {
  const bool says_case = config.contains("do_lower_case"), says_accents = config.contains("strip_accents");
  text.space_chinese = json_get_or<bool>(config, "tokenize_chinese_chars", text.space_chinese);
  text.lower_case = json_get_or<bool>(config, "do_lower_case", text.lower_case);
  if (says_case || says_accents) text.strip_accents = json_get_or<bool>(config, "strip_accents", text.lower_case);
}

void read_tokenizer_config(const Json& config, bool has_tokenizer_json, WordPieceSettings& settings) {
  if (!config.is_object()) refuse_here("no JSON object", "the settings of a tokenizer");
  check_splitting(config);
  read_class(config, has_tokenizer_json, settings);
  read_text_rules(config, settings.text);
  read_token(config, "unk_token", settings.unknown);
  read_token(config, "cls_token", settings.classify);
  read_token(config, "sep_token", settings.separate);
  read_token(config, "pad_token", settings.pad);
  read_token(config, "mask_token", settings.mask);
  constexpr double kNoLimit = 1 << 30;  // transformers writes 10^30 where there is none
  const auto max_length = json_get_or<double>(config, "model_max_length", kNoLimit);
  if (max_length < kNoLimit) settings.max_length = static_cast<std::int64_t>(max_length);
}

// ---- vocab.txt ------------------------------------------------------------------------------------------------------

std::vector<NamedId> read_vocab_txt(const fs::path& path) {
  std::vector<NamedId> pieces;
  LineReader reader(path);
  std::string line;
  while (reader.next(line)) pieces.push_back({line, static_cast<TokenId>(pieces.size())});
  if (pieces.empty()) refuse(path.string(), "an empty file", "one piece for each line");
  return pieces;
}

/// Every piece of tokenizer.json must have the same id in vocab.txt.
void check_agreement(const std::vector<NamedId>& text, const std::vector<NamedId>& json) {
  std::unordered_map<std::string_view, TokenId> ids;
  for (const NamedId& piece : text) ids[piece.name] = piece.id;
  for (const NamedId& piece : json) {
    const auto found = ids.find(piece.name);
    if (found != ids.end() && found->second == piece.id) continue;
    refuse_here(found == ids.end() ? "no \"" + piece.name + "\""
                                   : "\"" + piece.name + "\" has id " + std::to_string(found->second),
                "id " + std::to_string(piece.id) + ", as in tokenizer.json", "the files belong to different models");
  }
}

}  // namespace

WordPieceFiles read_wordpiece_files(const fs::path& directory) {
  const fs::path text = directory / "vocab.txt", json = directory / "tokenizer.json";
  if (!is_file(text) && !is_file(json))
    refuse(directory.string(), "no vocabulary", "vocab.txt or tokenizer.json of a BERT or an MPNet");
  WordPieceFiles files;
  if (is_file(json)) read_json(json, [&](const Json& content) { read_tokenizer_json(content, files); });
  if (const fs::path path = directory / "tokenizer_config.json"; is_file(path)) {
    read_json(path, [&](const Json& content) { read_tokenizer_config(content, is_file(json), files.settings); });
  }
  if (is_file(text)) {
    std::vector<NamedId> pieces = read_vocab_txt(text);
    in(text, [&] { check_agreement(pieces, files.pieces); });
    files.pieces = std::move(pieces);
  }
  files.where = is_file(text) ? text : json;
  return files;
}

}  // namespace phatgoose
