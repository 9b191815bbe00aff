// inspect of a file of rows: what is in it, and which of its lines are no rows.
#pragma once

#include <optional>
#include <string>

#include "phatgoose/base/files.h"
#include "phatgoose/base/json.h"
#include "phatgoose/base/text_file.h"

namespace phatgoose {

struct RowCheck {
  std::optional<fs::path> model;  ///< a base, whose tokenizer counts tokens
  std::size_t max_line_bytes = kMaxLineBytes;
};

/// Reads the whole file as training and evaluation do, and describes it as an object of kind "rows" with "path",
/// "rows", "examples" (distinct ids), "templates" (distinct names), "with" (how many rows have choices, choices without
/// the target among them, an id, a template, token ids), "unknown_keys", "lengths" (of inputs, targets and choices, in
/// characters, and with a tokenizer in tokens, EOS included), "bad_rows", and in "bad" line and message of the first
/// kListedBadRows of them. A file without any row, or that cannot be read on: bad_data.
Json inspect_rows(const fs::path& file, const RowCheck& check);

/// Whether a file with bad rows is among what was inspected.
bool has_bad_rows(const Json& inspection);

/// For people: the table of lengths, and a line for each bad row that is shown.
std::string row_check_text(const Json& rows);

}  // namespace phatgoose
