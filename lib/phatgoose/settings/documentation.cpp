#include "phatgoose/settings/documentation.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "phatgoose/base/fill.h"
#include "phatgoose/base/roff.h"
#include "phatgoose/settings/commands.h"

namespace phatgoose {
namespace {

constexpr std::string_view kPurpose = "Route tokens among experts that others have trained";

constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kProgramOptions = {{
    {"help [COMMAND]", "the options of a command, and examples"},
    {"--version", "the version"},
    {"--data-dir", "the directory of what comes with the program: assets, settings, scripts"},
    {"--help", "this page"},
}};

constexpr std::array<std::pair<int, std::string_view>, 7> kExitCodes = {{
    {0, "done"},
    {1, "could not finish: input or output, memory, device, a directory in use"},
    {2, "usage: command line or settings file"},
    {3, "bad or missing data or checkpoint"},
    {5, "training diverged"},
    {70, "a bug of the program"},
    {75, "stopped by a signal after saving; run the same command again"},
}};

constexpr std::string_view kSettings =
    "A setting comes from the command line, else from the file after `--config`, else from `--preset`, else it is\n"
    "the default. In a settings file every option is a key (`steps: 1000`); `--dump-config` writes such a file. One\n"
    "file may serve several commands: then the options of each stand below its name (`train-gate: {steps: 100}`).\n"
    "stdout carries a command's product only, everything else goes to stderr.\n";

constexpr std::string_view kNames =
    "A name means the same in every command: `--batch` is the number of rows of a training step; `--pass-tokens` and\n"
    "`--pass-rows` limit what is computed at once (speed and memory; results only by rounding); `--max-input` and\n"
    "`--max-target` say after how many tokens rows are cut; `--dtype` is the type that is computed in, `--save-dtype`\n"
    "that of what is written. The keys of suites are the same names, with `_` for `-`. An option that was renamed is\n"
    "refused under its old name, and the new one is named.\n";

constexpr std::string_view kAssets =
    "The examples use assets that come with the program. This makes them run in any directory:\n";
constexpr std::string_view kLinkAssets = "ln -s \"$(phatgoose --data-dir)/assets\" .";

std::string help_item(std::string_view term, std::string_view text) {
  constexpr std::size_t column = 18;
  std::string line = "  " + std::string(term);
  line.resize(std::max(line.size() + 2, column), ' ');
  return line + fill_text(text, column) + "\n";
}

}  // namespace

std::string program_help() {
  std::string text = fmt::format("Usage: phatgoose COMMAND [OPTIONS]\n{}\n\nCommands:\n", kPurpose);
  for (const Command& command : all_commands()) text += help_item(command.options.command(), command.options.summary());
  text += "\nAbout the program:\n";
  for (const auto& [typed, meaning] : kProgramOptions) text += help_item(typed, meaning);
  return text;
}

std::string program_manual() {
  std::string text = roff_title("phatgoose");
  text += fmt::format(".SH NAME\nphatgoose \\- {}\n", roff(kPurpose));
  text += ".SH SYNOPSIS\n" + roff_lines("phatgoose COMMAND [OPTIONS]");
  text += fmt::format(".SH DESCRIPTION\n{}", roff(kSettings));
  std::string pages;
  text += ".SH COMMANDS\n";
  for (const Command& command : all_commands()) {
    const std::string& name = command.options.command();
    text += roff_item(name, command.options.summary());
    pages += fmt::format("{}.BR {} (1)", pages.empty() ? "" : ",\n", roff("phatgoose-" + name));
  }
  text += ".SH OPTIONS\n";
  for (const auto& [typed, meaning] : kProgramOptions) text += roff_item(typed, meaning);
  text += fmt::format(".SH EXAMPLES\n{}{}", roff(kAssets), roff_lines(fill_command(kLinkAssets)));
  text += ".SH EXIT STATUS\n";
  for (const auto& [code, meaning] : kExitCodes) text += roff_item(std::to_string(code), meaning);
  return text + ".SH SEE ALSO\n" + pages + "\n";
}

std::string commands_markdown() {
  std::string text = fmt::format(
      "# Commands\n\nGenerated from the declarations of the options; `phatgoose help COMMAND` says the same.\n\n"
      "{}\n{}\n| exit code | meaning |\n|---|---|\n",
      kSettings, kNames);
  for (const auto& [code, meaning] : kExitCodes) text += fmt::format("| {} | {} |\n", code, meaning);
  text += fmt::format("\n{}\n```bash\n{}\n```\n\n| command | |\n|---|---|\n", kAssets, kLinkAssets);
  const std::vector<Command> commands = all_commands();
  for (const Command& one : commands) {
    text += fmt::format("| [{0}](#{0}) | {1} |\n", one.options.command(), one.options.summary());
  }
  for (const Command& one : commands) text += "\n" + one.options.markdown();
  return text;
}

}  // namespace phatgoose
