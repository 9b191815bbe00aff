// Rows of a data file: JSON Lines, plain or gzip-compressed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "phatgoose/text/tokenizer.h"

namespace phatgoose {

/// One row. Text fields and id fields exclude each other: a row has `input` or `input_ids`.
struct Record {
  std::string input, target;
  std::vector<std::string> choices, targets;  ///< targets: all right answers, where there are several
  TokenIds input_ids, target_ids;
  std::vector<TokenIds> choices_ids;
  std::string id;             ///< rows with the same id are templates of one example; default "FILE:LINE"
  std::string template_name;  ///< key "template"
  std::int64_t line = 0;      ///< 1-based

  bool has_ids() const { return !input_ids.empty(); }
  bool has_choices() const { return !choices.empty() || !choices_ids.empty(); }
  std::size_t choice_count() const { return has_ids() ? choices_ids.size() : choices.size(); }
};

/// All rows of one file; unknown keys, wrong types, missing fields, truncated gzip and empty files are bad_data errors
/// that name file and line.
std::vector<Record> read_records(const fs::path& path);

/// An input and a target as the model reads them.
struct Example {
  TokenIds input, target;
};

/// Cuts text to `max_input` and `max_target` ids with EOS kept; ids are taken exactly as given. `tokenizer` may be null
/// when every row carries ids; bad_data otherwise. Ids outside [0, vocab_size) are bad_data.
std::vector<Example> tokenize(const std::vector<Record>& records, const Tokenizer* tokenizer, std::int64_t vocab_size,
                              std::int64_t max_input, std::int64_t max_target, const std::string& where);

}  // namespace phatgoose
