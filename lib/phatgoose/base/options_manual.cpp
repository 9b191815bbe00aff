// A command's manual page.
#include <fmt/format.h>

#include "phatgoose/base/fill.h"
#include "phatgoose/base/options.h"
#include "phatgoose/base/options_page.h"
#include "phatgoose/base/roff.h"

namespace phatgoose {

std::string OptionSet::manual() const {
  const std::string name = "phatgoose-" + command_;
  std::string text = roff_title(name) + fmt::format(".SH NAME\n{} \\- {}\n.SH SYNOPSIS\n", roff(name), roff(summary_));
  text += roff_lines(fill(usage_pieces(*this), 0, 4));
  text += ".SH OPTIONS\n";
  for (const OptionGroup& group : option_groups(*this)) {
    text += fmt::format(".SS {}\n", roff(group.name));
    for (const OptionLine& line : group.lines) text += roff_item(line.typed, line.meaning);
  }
  if (!examples_.empty()) {
    std::string lines;
    for (const std::string& example : examples_) lines += (lines.empty() ? "" : "\n") + fill_command(example);
    text += ".SH EXAMPLES\n" + roff_lines(lines);
  }
  return text + ".SH SEE ALSO\n.BR phatgoose (1)\n";
}

}  // namespace phatgoose
