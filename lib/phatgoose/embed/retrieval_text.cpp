#include "phatgoose/embed/retrieval_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "phatgoose/base/error.h"

namespace phatgoose {

std::string retrieval_text(const Record& record, const Tokenizer* tokenizer) {
  if (!record.has_ids()) {
    const std::string choices = record.choices.empty() ? "None" : fmt::format("{}", fmt::join(record.choices, ", "));
    return fmt::format("Answer Choices: {}, Instance: {}", choices, record.input);
  }
  if (tokenizer == nullptr) {
    refuse_here("a row of ids, and a base without tokenizer", "text, which retrieval compares");
  }
  Record text;
  text.input = tokenizer->decode(record.input_ids);
  for (const TokenIds& choice : record.choices_ids) text.choices.push_back(tokenizer->decode(choice));
  return retrieval_text(text, tokenizer);
}

}  // namespace phatgoose
