#include "phatgoose/text/marked_text.h"

#include <algorithm>

#include "phatgoose/base/error.h"

namespace phatgoose {
namespace {

constexpr std::string_view kOpen = "[[", kClose = "]]";

}  // namespace

MarkedText parse_marked(std::string_view line) {
  const auto refuse = [&](const std::string& found) {
    refuse_here(found + " in \"" + std::string(line.substr(0, 60)) + "\"", "spans marked as [[span]]");
  };
  MarkedText marked;
  for (std::size_t from = 0; from < line.size();) {
    const std::size_t open = std::min(line.find(kOpen, from), line.size());
    if (line.substr(from, open - from).find(kClose) != std::string_view::npos) refuse("]] without [[");
    marked.text += line.substr(from, open - from);
    if (open == line.size()) break;
    const std::size_t begin = open + kOpen.size();
    const std::size_t close = line.find(kClose, begin);
    if (close == std::string_view::npos) refuse("[[ without ]]");
    const std::string_view span = line.substr(begin, close - begin);
    if (span.empty()) refuse("[[]]");
    if (span.find(kOpen) != std::string_view::npos) refuse("[[ within [[");
    marked.spans.emplace_back(marked.text.size(), marked.text.size() + span.size());
    marked.text += span;
    from = close + kClose.size();
  }
  return marked;
}

}  // namespace phatgoose
