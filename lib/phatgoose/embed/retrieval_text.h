// The text of a row that retrieval embeds (METHODS 4), and in which role.
#pragma once

#include <string>

#include "phatgoose/data/records.h"
#include "phatgoose/embed/text_role.h"

namespace phatgoose {

/// Experts keep embeddings of training inputs, and each input to be routed seeks those that are like it.
constexpr TextRole kRetrievalExampleRole = TextRole::document, kRetrievalInputRole = TextRole::query;

/// "Answer Choices: a, b, Instance: INPUT", with None where the row has no choices. Rows of ids are decoded; without a
/// tokenizer they are bad_data.
std::string retrieval_text(const Record& record, const Tokenizer* tokenizer);

}  // namespace phatgoose
