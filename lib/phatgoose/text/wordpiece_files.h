// The files of a tokenizer of BERT's kind (BERT, MPNet): vocab.txt, tokenizer_config.json, tokenizer.json.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "phatgoose/base/files.h"
#include "phatgoose/text/added_tokens.h"
#include "phatgoose/text/bert_words.h"
#include "phatgoose/text/tokenizer.h"

namespace phatgoose {

/// Everything but the vocabulary: from tokenizer_config.json where it says so, else from tokenizer.json, else those of
/// the tokenizer class.
struct WordPieceSettings {
  BertTextRules text;
  std::string unknown = "[UNK]", classify = "[CLS]", separate = "[SEP]", pad = "[PAD]", mask = "[MASK]";
  std::string continuation = "##";         ///< how pieces begin that continue a word
  std::int64_t max_word_characters = 100;  ///< a longer word is unknown
  std::optional<std::int64_t> max_length;  ///< model_max_length, where it is set
};

struct NamedId {
  std::string name;
  TokenId id;
};

struct AddedPiece {
  AddedToken token;
  TokenId id;
};

struct WordPieceFiles {
  WordPieceSettings settings;
  std::vector<NamedId> pieces;    ///< where a name occurs twice, the later counts
  std::vector<AddedPiece> added;  ///< those of tokenizer.json
  std::string where;              ///< the file that the pieces come from
};

/// The pieces are the lines of vocab.txt or, where there is none, the vocabulary in tokenizer.json; where both are
/// there they must agree. tokenizer.json's truncation and padding do not count. Missing or contradicting files, and
/// tokenizers that do anything else than BERT's: bad_data.
WordPieceFiles read_wordpiece_files(const fs::path& directory);

}  // namespace phatgoose
