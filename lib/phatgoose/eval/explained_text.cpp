#include "phatgoose/eval/explained_text.h"

#include <fmt/format.h>

#include <array>
#include <set>

#include "phatgoose/base/utf8.h"

namespace phatgoose {
namespace {

/// Of the 256 colours of terminals, those that can be told apart and read on light and on dark ground.
constexpr std::array kColours = {33, 208, 34, 161, 135, 37, 178, 130, 199, 68, 106, 167, 98, 72, 172, 203, 245, 39};

/// Experts beyond the last colour begin again with the first, underlined.
std::string coloured(const std::string& text, std::int32_t expert) {
  const auto number = static_cast<std::size_t>(expert);
  const char* line = number / kColours.size() % 2 == 1 ? "4;" : "";
  return fmt::format("\x1b[{}38;5;{}m{}\x1b[0m", line, kColours[number % kColours.size()], text);
}

std::string token_text(TokenId id, const Tokenizer* tokenizer) {
  const std::string piece = tokenizer != nullptr ? tokenizer->piece(id) : "";
  return piece.empty() ? std::to_string(id) : printable(piece);
}

}  // namespace

std::string tokens_with_experts(const ExplainedTokens& tokens, const std::vector<std::string>& names,
                                const Tokenizer* tokenizer) {
  std::string text;
  for (std::size_t t = 0; t < tokens.ids.size(); ++t) {
    const ExpertWeights& experts = tokens.means[t];
    const std::string expert = experts.empty() ? "-" : printable(names[static_cast<std::size_t>(experts[0].expert)]);
    text += fmt::format("{}{}/{}", t == 0 ? "" : " ", token_text(tokens.ids[t], tokenizer), expert);
  }
  return text;
}

std::string coloured_tokens(const ExplainedTokens& tokens, const Tokenizer* tokenizer) {
  std::string text;
  for (std::size_t t = 0; t < tokens.ids.size(); ++t) {
    std::string token = token_text(tokens.ids[t], tokenizer);
    const bool begins_word = token.starts_with(kWordStart);
    if (begins_word) token.erase(0, kWordStart.size());
    if (t > 0 && (begins_word || tokenizer == nullptr)) text += " ";
    if (token.empty()) continue;
    text += tokens.means[t].empty() ? token : coloured(token, tokens.means[t][0].expert);
  }
  return text;
}

std::string colour_legend(const Explanation& explanation, const std::vector<std::string>& names) {
  std::set<std::int32_t> shown;
  for (const ExplainedTokens* tokens : {&explanation.input, &explanation.answer}) {
    for (const ExpertWeights& experts : tokens->means) {
      if (!experts.empty()) shown.insert(experts[0].expert);
    }
  }
  std::string text;
  for (const ExpertWeight& one : explanation.experts) {
    if (!shown.contains(one.expert)) continue;
    text += (text.empty() ? "" : " ") + coloured(printable(names[static_cast<std::size_t>(one.expert)]), one.expert);
  }
  return text;
}

}  // namespace phatgoose
