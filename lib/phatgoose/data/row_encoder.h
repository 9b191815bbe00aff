// From rows to token ids.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "phatgoose/data/records.h"
#include "phatgoose/data/row_notes.h"

namespace phatgoose {

/// Turns the parts of a file's rows into ids, and notes what that does to them. Text is tokenised, cut and ended by
/// EOS; ids are taken exactly as given.
class RowEncoder {
 public:
  /// `tokenizer` may be null when every row carries ids; a row of text is then bad_data. Ids outside [0, vocab_size)
  /// are bad_data.
  RowEncoder(const Tokenizer* tokenizer, std::int64_t vocab_size) : tokenizer_(tokenizer), vocab_size_(vocab_size) {}

  TokenIds input(const Record& record, std::int64_t max_length);
  TokenIds target(const Record& record, std::int64_t max_length);
  /// Never cut. `right`: indices of the right ones, where it is known.
  std::vector<TokenIds> choices(const Record& record, const std::vector<std::int64_t>& right = {});

  /// Of all rows so far.
  const RowNotes& notes() const { return notes_; }

 private:
  TokenIds encode(const std::string& text) const;
  const TokenIds& checked(const TokenIds& ids) const;
  void compare(const Record& record, const std::vector<TokenIds>& choices, const std::vector<std::int64_t>& right);

  const Tokenizer* tokenizer_;
  std::int64_t vocab_size_;
  RowNotes notes_;
};

/// Inputs and targets of all rows of a file, text cut to `max_input` and `max_target` ids with EOS kept. With
/// `with_choices` also the choices of the rows that have some, never cut; where none of them is right: bad_data.
std::vector<Example> encode_rows(const std::vector<Record>& records, RowEncoder& encoder, std::int64_t max_input,
                                 std::int64_t max_target, bool with_choices = false);

}  // namespace phatgoose
