#include "phatgoose/text/tokenizer_settings.h"

#include <algorithm>
#include <array>

#include "phatgoose/base/error.h"

namespace phatgoose {
namespace {

constexpr std::array<const char*, 7> kStandardNames = {"bos_token", "eos_token", "unk_token", "sep_token",
                                                       "pad_token", "cls_token", "mask_token"};

/// The file as JSON, or an empty object where there is none.
Json read_object(const fs::path& path) {
  if (!is_file(path)) return Json::object();
  Json json = read_json(path.string());
  if (!json.is_object()) refuse(path.string(), "no JSON object", "settings by name");
  return json;
}

bool is_standard(const std::string& name) { return std::ranges::find(kStandardNames, name) != kStandardNames.end(); }

/// Whether a key names a token, as in {"image_token": "<image>"}.
bool names_token(const std::string& key, const Json& value) {
  return key.ends_with("_token") && (value.is_string() || value.is_object());
}

/// A token of tokenizer_config.json: null, a string, or an object that says that it is an AddedToken.
std::optional<AddedToken> token_of(const Json& value, const std::string& key) {
  if (value.is_null()) return std::nullopt;
  const bool is_token = value.is_object() && json_get_or<std::string>(value, "__type", "") == "AddedToken";
  if (!value.is_string() && !is_token) refuse_here(key + " " + value.dump().substr(0, 100), "a token");
  return parse_added_token(value, value.is_string());
}

}  // namespace

TokenizerSettings::TokenizerSettings(const fs::path& directory)
    : where_((directory / "tokenizer_config.json").string()), config_(read_object(where_)) {
  const Json model = read_object(directory / "config.json");
  in(where_, [&] { read_config(model); });
  if (has_decoder_) {
    declared_in_ = where_;
    return;
  }
  const fs::path list = directory / "added_tokens.json", map = directory / "special_tokens_map.json";
  declared_in_ = is_file(list) ? list.string() : (directory / "tokenizer.json").string();
  const Json special = read_object(map), added = read_object(list);
  in(map, [&] { read_special_tokens_map(special); });
  in(list, [&] { read_added_tokens(added); });
}

void TokenizerSettings::read_config(const Json& model) {
  read_pipeline(model);
  check_neutral();
  extra_ids_ = json_get_or<std::int64_t>(config_, "extra_ids", extra_ids_);
  if (extra_ids_ < 0 || extra_ids_ > 1 << 20) refuse_here("extra_ids " + std::to_string(extra_ids_), "0 to 2^20");
  cleans_up_spaces_ = json_get_or<bool>(config_, "clean_up_tokenization_spaces", false);
  read_special_tokens();
  has_decoder_ = config_.contains("added_tokens_decoder");
  if (!has_decoder_) return;
  const Json decoder = json_get<Json>(config_, "added_tokens_decoder");
  if (!decoder.is_object()) refuse_here("added_tokens_decoder " + decoder.dump().substr(0, 100), "tokens by id");
  for (const auto& [id, token] : decoder.items()) {
    const bool is_number = !id.empty() && id.size() < 10 && id.find_first_not_of("0123456789") == std::string::npos;
    if (!is_number) refuse_here("\"" + id + "\" in added_tokens_decoder", "token ids");
    declared_[std::stoi(id)] = parse_added_token(token, false);
  }
}

void TokenizerSettings::read_pipeline(const Json& model) {
  const auto of_model =
      in("config.json", [&] { return json_get_or<std::string>(model, "tokenizer_class", "T5Tokenizer"); });
  const auto name = json_get_or<std::string>(config_, "tokenizer_class", of_model);
  if (name == "T5Tokenizer" || name == "T5TokenizerFast") return;
  if (name != "PreTrainedTokenizerFast" && name != "TokenizersBackend") {
    refuse_here("tokenizer_class \"" + name + "\"", "\"T5Tokenizer\"");
  }
  pipeline_ = TokenizerPipeline::of_file;
}

/// Keys by which ids change, here or in some version of `transformers`, unless they have these values.
void TokenizerSettings::check_neutral() const {
  const std::array<std::pair<const char*, Json>, 9> neutral = {{{"add_bos_token", false},
                                                                {"add_eos_token", true},
                                                                {"add_prefix_space", true},
                                                                {"do_lower_case", false},
                                                                {"split_special_tokens", false},
                                                                {"truncation_side", "right"},
                                                                {"sp_model_kwargs", Json::object()},
                                                                {"fast_tokenizer_files", {"tokenizer.json"}},
                                                                {"auto_map", Json::object()}}};
  for (const auto& [key, value] : neutral) {
    const auto found = config_.find(key);
    if (found == config_.end() || found->is_null() || *found == value) continue;
    refuse_here(std::string(key) + " " + found->dump().substr(0, 100), value.dump());
  }
}

std::vector<AddedToken> TokenizerSettings::tokens_in(const Json& list) const {
  if (list.is_null()) return {};
  if (!list.is_array()) refuse_here("special tokens " + list.dump().substr(0, 100), "a list of tokens");
  std::vector<AddedToken> tokens;
  for (const Json& entry : list) {
    const auto token = token_of(entry, "the special token");
    if (!token) refuse_here("a special token that is null", "a token");
    tokens.push_back(*token);
  }
  return tokens;
}

void TokenizerSettings::read_special_tokens() {
  const auto add_others = [this](const Json& tokens) {
    for (const auto& [key, value] : tokens.items()) others_.emplace_back(key, token_of(value, key));
  };
  Json others = Json::object();
  for (const auto& [key, value] : config_.items()) {
    if (is_standard(key)) {
      standard_[key] = token_of(value, key);
    } else if (names_token(key, value)) {
      others[key] = value;
    }
  }
  const bool has_extra = config_.contains("extra_special_tokens");
  const Json list = has_extra ? config_["extra_special_tokens"] : Json();
  const bool is_empty = list.is_null() || list.empty();
  if (config_.contains("additional_special_tokens")) {
    if (!is_empty) refuse_here("both additional_special_tokens and extra_special_tokens", "one of them");
    extra_ = tokens_in(config_["additional_special_tokens"]);
  } else if (list.is_object()) {
    others.update(list);
  } else if (has_extra) {
    extra_ = tokens_in(list);
  }
  if (others.empty()) others = json_get_or<Json>(config_, "model_specific_special_tokens", Json::object());
  add_others(others);
}

void TokenizerSettings::read_special_tokens_map(const Json& map) {
  for (const auto& [key, value] : map.items()) {
    if (key == "additional_special_tokens") {
      additional_ = tokens_in(value);
    } else if (key == "extra_special_tokens" && value.is_array()) {
      if (!extra_) extra_.emplace();
      for (const AddedToken& token : tokens_in(value)) {
        if (std::ranges::find(*extra_, token) == extra_->end()) extra_->push_back(token);
      }
    } else if (value.is_null() && is_standard(key)) {
      standard_[key] = std::nullopt;
    } else if (names_token(key, value)) {
      AddedToken token = parse_added_token(value, true);
      token.special = true;
      if (is_standard(key)) {
        standard_[key] = token;
      } else {
        others_.emplace_back(key, token);
      }
    } else {
      refuse_here("\"" + key + "\"", "names of tokens, such as eos_token");
    }
  }
}

void TokenizerSettings::read_added_tokens(const Json& ids) {
  const auto is_special = [this](const std::string& content) {
    const auto is_it = [&](const AddedToken& token) { return token.content == content; };
    return (extra_ && std::ranges::any_of(*extra_, is_it)) ||
           std::ranges::any_of(standard_, [&](const auto& named) { return named.second && is_it(*named.second); });
  };
  for (const auto& [content, id] : ids.items()) {
    const bool special = is_special(content);
    declared_[parse_token_id(id, content)] = {.content = content, .normalized = !special, .special = special};
  }
}

std::map<std::int32_t, AddedToken> TokenizerSettings::declared(
    const std::map<std::int32_t, AddedToken>& in_json) const {
  std::map<std::int32_t, AddedToken> all = declared_;
  if (has_decoder_) return all;
  for (const auto& [id, token] : in_json) all[id] = token;
  return all;
}

NamedTokens TokenizerSettings::named() const {
  NamedTokens tokens;
  for (const char* name : kStandardNames) {
    if (const auto found = standard_.find(name); found != standard_.end()) tokens.push_back(*found);
  }
  tokens.insert(tokens.end(), others_.begin(), others_.end());
  return tokens;
}

}  // namespace phatgoose
