// The text of a row that retrieval embeds (METHODS 4).
#pragma once

#include <string>

#include "phatgoose/data/records.h"

namespace phatgoose {

/// "Answer Choices: a, b, Instance: INPUT", with None where the row has no choices. Rows of ids are decoded; without a
/// tokenizer they are bad_data.
std::string retrieval_text(const Record& record, const Tokenizer* tokenizer);

}  // namespace phatgoose
