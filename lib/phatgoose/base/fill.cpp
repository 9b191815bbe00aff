#include "phatgoose/base/fill.h"

#include <algorithm>

namespace phatgoose {
namespace {

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    words.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

}  // namespace

std::string fill(const std::vector<std::string>& pieces, std::size_t first, std::size_t indent,
                 std::string_view ending) {
  std::string text;
  std::size_t column = first;
  bool begun = false;
  for (const std::string& piece : pieces) {
    if (begun && column + 1 + piece.size() + ending.size() > kPageWidth) {
      text.append(ending).append("\n").append(indent, ' ');
      column = indent;
    } else if (begun) {
      text += ' ';
      ++column;
    }
    text += piece;
    column += piece.size();
    begun = true;
  }
  return text;
}

std::string fill_text(std::string_view text, std::size_t column) { return fill(words_of(text), column, column); }

std::string fill_command(std::string_view command) {
  std::vector<std::string> pieces;
  for (const std::string& word : words_of(command)) {
    const bool breaks = pieces.empty() || word.starts_with("--") || word == "|";
    if (breaks) {
      pieces.push_back(word);
    } else {
      pieces.back() += " " + word;
    }
  }
  return "  " + fill(pieces, 2, 4, " \\");
}

}  // namespace phatgoose
