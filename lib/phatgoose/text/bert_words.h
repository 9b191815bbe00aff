// BERT's basic tokenisation (arXiv 1810.04805): the words of a text, before WordPiece cuts them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace phatgoose {

/// What happens to a text before it is split.
struct BertTextRules {
  bool clean_text = true;     ///< control characters removed, every white space a space
  bool space_chinese = true;  ///< every Chinese character a word of its own
  bool strip_accents = true;  ///< canonical decomposition, then no non-spacing marks
  bool lower_case = true;
};

// Both steps agree with the `tokenizers` package on every character of Unicode: its tables are of Unicode 8, so a newer
// character is here no control character, mark or punctuation either.

/// `text` (UTF-8) with the rules applied.
std::string bert_normalized(std::string_view text, const BertTextRules& rules);
/// The words of a normalised text, which is split at white space and around every punctuation character.
std::vector<std::string> bert_words(std::string_view normalized);

}  // namespace phatgoose
