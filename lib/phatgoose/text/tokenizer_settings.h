// What tokenizer_config.json says of T5's tokenizer and, unless it has added_tokens_decoder, special_tokens_map.json
// and added_tokens.json.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "phatgoose/base/files.h"
#include "phatgoose/base/json.h"
#include "phatgoose/text/added_tokens.h"
#include "phatgoose/text/tokenizer_json.h"

namespace phatgoose {

/// Tokens by what they are for ("eos_token"), in order; without value where the key is null.
using NamedTokens = std::vector<std::pair<std::string, std::optional<AddedToken>>>;

class TokenizerSettings {
 public:
  /// A key that changes ids and is not understood: bad_data that names file and key.
  explicit TokenizerSettings(const fs::path& directory);

  TokenizerPipeline pipeline() const { return pipeline_; }
  std::int64_t extra_ids() const { return extra_ids_; }
  bool cleans_up_spaces() const { return cleans_up_spaces_; }
  /// extra_special_tokens, once called additional_special_tokens; none where neither is there.
  const std::optional<std::vector<AddedToken>>& extra() const { return extra_; }
  /// additional_special_tokens of special_tokens_map.json.
  const std::optional<std::vector<AddedToken>>& additional() const { return additional_; }

  /// Added tokens by the ids that the files give them. `in_json`, those of tokenizer.json, count unless
  /// tokenizer_config.json has its own.
  std::map<std::int32_t, AddedToken> declared(const std::map<std::int32_t, AddedToken>& in_json) const;
  const std::string& declared_in() const { return declared_in_; }  ///< the file that gives those ids
  /// The standard names in the order of `transformers`, then others.
  NamedTokens named() const;

  const std::string& where() const { return where_; }  ///< tokenizer_config.json

 private:
  void read_config(const Json& model);  ///< `model`: config.json
  void read_pipeline(const Json& model);
  void check_neutral() const;
  void read_special_tokens();
  void read_special_tokens_map(const Json& map);
  void read_added_tokens(const Json& ids);
  std::vector<AddedToken> tokens_in(const Json& list) const;

  std::string where_;
  Json config_;
  TokenizerPipeline pipeline_ = TokenizerPipeline::of_t5;
  std::int64_t extra_ids_ = 100;
  bool cleans_up_spaces_ = false;
  std::map<std::string, std::optional<AddedToken>> standard_;
  NamedTokens others_;
  std::optional<std::vector<AddedToken>> extra_, additional_;
  bool has_decoder_ = false;  ///< added_tokens_decoder
  std::string declared_in_;
  std::map<std::int32_t, AddedToken> declared_;
};

}  // namespace phatgoose
