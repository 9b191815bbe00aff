#include "phatgoose/base/roff.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>

#include "phatgoose/base/version.h"

namespace phatgoose {

std::string roff(std::string_view text) {
  // Characters that roff interprets or prints as a typographic relative.
  static const std::map<char, std::string_view> special = {{'\\', "\\e"},  {'-', "\\-"},   {'\'', "\\(aq"},
                                                           {'`', "\\(ga"}, {'^', "\\(ha"}, {'~', "\\(ti"}};
  std::string escaped;
  for (const char c : text) {
    const bool begins = escaped.empty() || escaped.back() == '\n';
    if (begins && c == '.') escaped += "\\&";  // not a request
    const auto found = special.find(c);
    escaped += found == special.end() ? std::string(1, c) : std::string(found->second);
  }
  return escaped;
}

std::string roff_title(std::string_view name) {
  std::string capitals(name);
  std::ranges::transform(capitals, capitals.begin(), [](unsigned char c) { return std::toupper(c); });
  // Without hyphenation: words to type stay whole.
  return fmt::format(".TH {} 1 \"\" \"phatgoose {}\" \"User Commands\"\n.nh\n", roff(capitals), roff(version()));
}

std::string roff_item(std::string_view term, std::string_view text) {
  return fmt::format(".TP\n\\fB{}\\fR\n{}\n", roff(term), roff(text));
}

std::string roff_lines(std::string_view lines) { return fmt::format(".nf\n{}\n.fi\n", roff(lines)); }

}  // namespace phatgoose
