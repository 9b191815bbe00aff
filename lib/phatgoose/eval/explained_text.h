// Tokens with their experts, as text for a line.
#pragma once

#include <string>
#include <vector>

#include "phatgoose/eval/explanation.h"

namespace phatgoose {

/// Each token with the expert that has most of its weight, "-" for one that was not routed: "▁Whom/keeper ▁the/keeper".
/// Without a tokenizer tokens are numbers.
std::string tokens_with_experts(const ExplainedTokens& tokens, const std::vector<std::string>& names,
                                const Tokenizer* tokenizer);

/// For a terminal with colours: the tokens as they make up the text, each in the colour of that expert.
std::string coloured_tokens(const ExplainedTokens& tokens, const Tokenizer* tokenizer);

/// The names of the experts that have most of some token's weight, each in its colour; by falling weight in the whole.
std::string colour_legend(const Explanation& explanation, const std::vector<std::string>& names);

}  // namespace phatgoose
