// tokenizer.json, the file of the `tokenizers` package, as far as T5's tokenizer is concerned.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "phatgoose/base/files.h"
#include "phatgoose/base/json.h"
#include "phatgoose/text/added_tokens.h"
#include "phatgoose/text/unigram.h"

namespace phatgoose {

struct TokenizerJson {
  std::vector<ScoredPiece> pieces;  ///< by id; sentinels are among them
  std::string character_map;        ///< decoded precompiled_charsmap; empty where there is none
  std::map<std::int32_t, AddedToken> added;
};

/// Who cuts the text into pieces: the class T5Tokenizer, which sets up normaliser, pre-tokenizer, decoder and
/// post-processor itself, or the file, whose own must then be the same.
enum class TokenizerPipeline { of_t5, of_file };

/// Anything else than T5's tokenizer, in one of the ways in which `transformers` has written it: bad_data that names
/// the part. Truncation and padding do not count.
TokenizerJson read_tokenizer_json(const fs::path& path, TokenizerPipeline pipeline);

/// A token as the files spell it: a string, or an object with "content" and flags. What flags are missing are those of
/// a token that is `special` or is not.
AddedToken parse_added_token(const Json& value, bool special);

/// An id from 0 to 2^30; anything else is bad_data that names `token`.
std::int32_t parse_token_id(const Json& value, const std::string& token);

}  // namespace phatgoose
