// The files of a T5 tokenizer, read as `transformers` 5 reads them: spiece.model or tokenizer.json, and what is said of
// added tokens in tokenizer_config.json, special_tokens_map.json and added_tokens.json.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "phatgoose/base/files.h"
#include "phatgoose/text/added_tokens.h"
#include "phatgoose/text/unigram.h"

namespace phatgoose {

/// Everything of a directory that decides the ids of a text.
inline constexpr std::array<const char*, 5> kTokenizerFiles = {
    "added_tokens.json", "special_tokens_map.json", "tokenizer_config.json", "tokenizer.json", "spiece.model"};

/// Whether the directory has a vocabulary: spiece.model or tokenizer.json.
bool has_tokenizer(const fs::path& directory);

/// Copies those of kTokenizerFiles that are there, a vocabulary last; returns their names.
std::vector<std::string> copy_tokenizer_files(const fs::path& from, const fs::path& to);

struct TokenizerFiles {
  std::vector<ScoredPiece> pieces;           ///< by id, sentinels included
  std::string character_map;                 ///< precompiled_charsmap; may be empty
  std::map<std::int32_t, AddedToken> added;  ///< by id: found in a text as they stand
  bool clean_up_spaces = false;              ///< clean_up_tokenization_spaces
  std::string vocabulary_file;               ///< the one that the pieces come from
};

/// tokenizer.json, where it is there, else spiece.model; where both are there they must agree. Missing, damaged or
/// contradicting files, pad, EOS and unk that are not 0, 1, 2, and settings that change ids and are not understood:
/// bad_data that names file and key.
TokenizerFiles read_tokenizer_files(const fs::path& directory);

}  // namespace phatgoose
