#include "phatgoose/describe/description_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "phatgoose/base/error.h"
#include "phatgoose/base/numbers.h"
#include "phatgoose/base/utf8.h"
#include "phatgoose/text/unicode.h"

namespace phatgoose {
namespace {

/// The lines, each stripped; CR LF counts as one end.
std::vector<std::string> stripped_lines(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(strip(std::string_view(text).substr(begin, end - begin)));
    begin = end + 1;
  }
  return lines;
}

std::string one_line(const std::string& text) {
  std::string line;
  for (const std::string& part : stripped_lines(text)) {
    if (part.empty())
      refuse_here("several paragraphs: \"" + printable(text.substr(0, text.find('\n'))) + "\", ...", "one");
    line += (line.empty() ? "" : " ") + part;
  }
  replace_all(line, "\t", " ");
  return line;
}

std::string without_quotes(const std::string& text) {
  const bool quoted = text.size() > 1 && text.front() == '"' && text.back() == '"';
  const bool whole = quoted && text.find('"', 1) == text.size() - 1;
  return whole ? strip(std::string_view(text).substr(1, text.size() - 2)) : text;
}

void check_characters(const std::u32string& text) {
  const auto acting = std::ranges::find_if(text, acts_on_terminals);
  if (acting == text.end()) return;
  refuse_here(fmt::format("the control character {} at character {}", printable(encode_utf8({&*acting, 1})),
                          acting - text.begin() + 1),
              "plain text");
}

}  // namespace

bool is_web_page(const std::string& text) {
  const std::string start = ascii_lower_case(strip(text).substr(0, 200));
  return start.starts_with("<!doctype") || start.find("<html") != std::string::npos;
}

std::string checked_description(const std::string& text, std::int64_t most) {
  if (find_invalid_utf8(text) != std::string::npos) refuse_here("bytes that are not UTF-8", "text");
  const std::string bare = strip(text);
  if (bare.empty()) refuse_here("an empty text", "a description");
  if (is_web_page(bare)) refuse_here("a web page", "a description");
  const auto length = std::ssize(decode_utf8(bare));
  if (length > most) {
    refuse_here(fmt::format("{} characters", grouped(length)), fmt::format("at most {}", grouped(most)));
  }
  const std::string line = without_quotes(one_line(bare));
  if (line.empty()) refuse_here("an empty text", "a description");
  check_characters(decode_utf8(line));
  return line;
}

}  // namespace phatgoose
