#include "phatgoose/text/wordpiece_files.h"

#include <string_view>
#include <unordered_map>

#include "phatgoose/base/error.h"
#include "phatgoose/base/json.h"
#include "phatgoose/text/line_reader.h"
#include "phatgoose/text/tokenizer_json.h"

namespace phatgoose {
namespace {

/// The file as JSON, or an empty object where there is none.
Json read_if_there(const fs::path& path) { return is_file(path) ? read_json(path.string()) : Json::object(); }

/// `object`[key] must be an object whose "type" is `type`.
Json part_of_type(const Json& object, const std::string& key, const std::string& type, const std::string& where) {
  const Json part = json_get<Json>(object, key, where);
  const std::string found = part.is_object() ? json_get_or<std::string>(part, "type", "", where) : part.dump();
  if (found != type) {
    refuse(where, key + " " + (found.empty() ? "without a type" : found), type, "only BERT's tokenizer is understood");
  }
  return part;
}

/// A token is spelled as a string, or as an object with its "content".
void read_token(const Json& config, const std::string& key, std::string& token, const std::string& where) {
  const auto found = config.find(key);
  if (found == config.end() || found->is_null()) return;
  token =
      found->is_object() ? json_get<std::string>(*found, "content", where) : json_get<std::string>(config, key, where);
}

// ---- tokenizer.json -------------------------------------------------------------------------------------------------

/// What tokenizer.json says about the text; strip_accents that is null follows lowercase.
void read_normalizer(const Json& json, BertTextRules& text, const std::string& where) {
  const Json normalizer = part_of_type(json, "normalizer", "BertNormalizer", where);
  text.clean_text = json_get_or<bool>(normalizer, "clean_text", true, where);
  text.space_chinese = json_get_or<bool>(normalizer, "handle_chinese_chars", true, where);
  text.lower_case = json_get_or<bool>(normalizer, "lowercase", true, where);
  text.strip_accents = json_get_or<bool>(normalizer, "strip_accents", text.lower_case, where);
}

std::vector<NamedId> read_added_tokens(const Json& json, const std::string& where) {
  std::vector<NamedId> added;
  for (const Json& token : json_get_or<Json>(json, "added_tokens", Json::array(), where)) {
    const auto name = json_get<std::string>(token, "content", where);
    for (const char* flag : {"single_word", "lstrip", "rstrip", "normalized"}) {
      if (json_get_or<bool>(token, flag, false, where))
        refuse(where, "added token \"" + name + "\" with " + flag, "tokens that are matched as they stand");
    }
    if (name.empty()) refuse(where, "an added token without text", "the text that it stands for");
    added.push_back({name, parse_token_id(json_get<Json>(token, "id", where), name, where)});
  }
  return added;
}

std::vector<NamedId> read_vocabulary(const Json& model, const std::string& where) {
  const Json vocabulary = json_get<Json>(model, "vocab", where);
  if (!vocabulary.is_object()) refuse(where, "the vocabulary is no object", "piece to id");
  std::vector<NamedId> pieces;
  for (const auto& [name, id] : vocabulary.items()) pieces.push_back({name, parse_token_id(id, name, where)});
  return pieces;
}

/// Fills `files` from tokenizer.json, all of it.
void read_tokenizer_json(const fs::path& path, WordPieceFiles& files) {
  const std::string where = path.string();
  const Json json = read_json(where);
  const Json model = part_of_type(json, "model", "WordPiece", where);
  part_of_type(json, "pre_tokenizer", "BertPreTokenizer", where);
  WordPieceSettings& settings = files.settings;
  read_normalizer(json, settings.text, where);
  settings.unknown = json_get_or<std::string>(model, "unk_token", settings.unknown, where);
  settings.continuation = json_get_or<std::string>(model, "continuing_subword_prefix", settings.continuation, where);
  settings.max_word_characters =
      json_get_or<std::int64_t>(model, "max_input_chars_per_word", settings.max_word_characters, where);
  files.added = read_added_tokens(json, where);
  files.pieces = read_vocabulary(model, where);
  files.where = where;
}

// ---- tokenizer_config.json ------------------------------------------------------------------------------------------

void check_kind(const Json& config, bool has_tokenizer_json, const std::string& where) {
  const auto kind = json_get_or<std::string>(config, "tokenizer_class", "BertTokenizer", where);
  if (kind != "BertTokenizer" && kind != "BertTokenizerFast" && !has_tokenizer_json)
    refuse(where, "tokenizer_class \"" + kind + "\"", "\"BertTokenizer\"");
  if (!json_get_or<bool>(config, "do_basic_tokenize", true, where))
    refuse(where, "do_basic_tokenize false", "BERT's basic tokenisation before WordPiece");
  const auto never_split = json_get_or<Json>(config, "never_split", Json::array(), where);
  if (!never_split.empty()) refuse(where, "never_split " + never_split.dump(), "none");
}

/// As transformers does, strip_accents that is there but null follows do_lower_case.
void read_text_rules(const Json& config, BertTextRules& text, const std::string& where) {
  const bool says_case = config.contains("do_lower_case"), says_accents = config.contains("strip_accents");
  text.space_chinese = json_get_or<bool>(config, "tokenize_chinese_chars", text.space_chinese, where);
  text.lower_case = json_get_or<bool>(config, "do_lower_case", text.lower_case, where);
  if (says_case || says_accents)
    text.strip_accents = json_get_or<bool>(config, "strip_accents", text.lower_case, where);
}

void read_tokenizer_config(const fs::path& path, bool has_tokenizer_json, WordPieceSettings& settings) {
  const std::string where = path.string();
  const Json config = read_if_there(path);
  if (!config.is_object()) refuse(where, "no JSON object", "the settings of a tokenizer");
  check_kind(config, has_tokenizer_json, where);
  read_text_rules(config, settings.text, where);
  read_token(config, "unk_token", settings.unknown, where);
  read_token(config, "cls_token", settings.classify, where);
  read_token(config, "sep_token", settings.separate, where);
  read_token(config, "pad_token", settings.pad, where);
  read_token(config, "mask_token", settings.mask, where);
  constexpr double kNoLimit = 1 << 30;  // transformers writes 10^30 where there is none
  const auto max_length = json_get_or<double>(config, "model_max_length", kNoLimit, where);
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
void check_agreement(const std::vector<NamedId>& text, const std::vector<NamedId>& json, const std::string& where) {
  std::unordered_map<std::string_view, TokenId> ids;
  for (const NamedId& piece : text) ids[piece.name] = piece.id;
  for (const NamedId& piece : json) {
    const auto found = ids.find(piece.name);
    if (found != ids.end() && found->second == piece.id) continue;
    refuse(where,
           found == ids.end() ? "no \"" + piece.name + "\""
                              : "\"" + piece.name + "\" has id " + std::to_string(found->second),
           "id " + std::to_string(piece.id) + ", as in tokenizer.json", "the files belong to different models");
  }
}

}  // namespace

WordPieceFiles read_wordpiece_files(const fs::path& directory) {
  const fs::path text = directory / "vocab.txt", json = directory / "tokenizer.json";
  if (!is_file(text) && !is_file(json))
    refuse(directory.string(), "no vocabulary", "vocab.txt or tokenizer.json of a BERT model");
  WordPieceFiles files;
  if (is_file(json)) read_tokenizer_json(json, files);
  read_tokenizer_config(directory / "tokenizer_config.json", is_file(json), files.settings);
  if (is_file(text)) {
    std::vector<NamedId> pieces = read_vocab_txt(text);
    check_agreement(pieces, files.pieces, text.string());
    files.pieces = std::move(pieces);
    files.where = text.string();
  }
  return files;
}

}  // namespace phatgoose
