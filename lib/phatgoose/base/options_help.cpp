// --help on a terminal, and a section of docs/commands.md.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "phatgoose/base/fill.h"
#include "phatgoose/base/options.h"
#include "phatgoose/base/options_page.h"

namespace phatgoose {
namespace {

constexpr std::size_t kHelpColumn = 30;  // where the explanations begin

std::string help_line(const OptionLine& line) {
  std::string text = "  " + line.typed;
  if (text.size() + 2 > kHelpColumn) {
    text += "\n" + std::string(kHelpColumn, ' ');
  } else {
    text.append(kHelpColumn - text.size(), ' ');
  }
  return text + fill_text(line.meaning, kHelpColumn) + "\n";
}

/// Markdown tables end a cell at every bar.
std::string cell(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '|') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

}  // namespace

std::string OptionSet::help() const {
  constexpr std::string_view usage = "Usage: ";
  std::string text = std::string(usage) + fill(usage_pieces(*this), usage.size(), usage.size() + 2) + "\n" +
                     fill_text(summary_, 0) + "\n";
  for (const OptionGroup& group : option_groups(*this)) {
    text += "\n" + group.name + ":\n";
    for (const OptionLine& line : group.lines) text += help_line(line);
  }
  if (examples_.empty()) return text;
  text += "\nExamples:\n";
  for (const std::string& example : examples_) text += fill_command(example) + "\n";
  return text;
}

std::string OptionSet::markdown() const {
  std::string text =
      fmt::format("## {}\n\n{}\n\n```\n{}\n```\n", command_, summary_, fmt::join(usage_pieces(*this), " "));
  for (const OptionGroup& group : option_groups(*this)) {
    text += "\n| " + group.name + " | |\n|---|---|\n";
    for (const OptionLine& line : group.lines)
      text += fmt::format("| `{}` | {} |\n", cell(line.typed), cell(line.meaning));
  }
  if (examples_.empty()) return text;
  return text + fmt::format("\n```bash\n{}\n```\n", fmt::join(examples_, "\n"));
}

}  // namespace phatgoose
