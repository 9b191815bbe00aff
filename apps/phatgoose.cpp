// The dispatcher: answers what needs no LibTorch, and hands everything else to phatgoose-COMMAND next to it.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include "openmp_spinning.h"
#include "phatgoose/base/data_directory.h"
#include "phatgoose/base/files.h"
#include "phatgoose/base/nearest.h"
#include "phatgoose/base/version.h"
#include "phatgoose/settings/completions.h"
#include "phatgoose/settings/documentation.h"
#include "run_command.h"

namespace phatgoose {
namespace {

using Arguments = std::vector<std::string>;

/// Whether the command only has to speak about its options.
bool asks_about_options(const Arguments& arguments) {
  const auto end = std::find(arguments.begin(), arguments.end(), "--");
  return std::any_of(arguments.begin(), end, [](const std::string& text) {
    return text == "--help" || text == "-h" || text == "--version" || text == "-V" || text == "--dump-config";
  });
}

Command find_command(const std::string& name) {
  for (Command& command : all_commands()) {
    if (command.options.command() == name) return std::move(command);
  }
  const std::string hint = did_you_mean(name, command_names());
  refuse_usage("\"" + name + "\"", "unknown command", {}, hint.empty() ? "phatgoose --help lists the commands" : hint);
}

[[noreturn]] void become(const std::string& name, const Arguments& arguments) {
  const fs::path program = program_directory() / ("phatgoose-" + name);
  std::vector<char*> pointers{const_cast<char*>(program.c_str())};
  for (const std::string& argument : arguments) pointers.push_back(const_cast<char*>(argument.c_str()));
  pointers.push_back(nullptr);
  bound_openmp_spinning();
  ::execv(program.c_str(), pointers.data());
  fail(ExitCode::cannot_finish, {.where = program.string(),
                                 .found = std::string("cannot run: ") + std::strerror(errno),
                                 .expected = "the program of this command next to phatgoose",
                                 .hint = ""});
}

[[noreturn]] void refuse_line(const std::string& found) {
  refuse_usage("command line", found, {}, "phatgoose --help lists the commands");
}

/// --dump-man [COMMAND]: the manual page of the program or of a command.
std::string manual(const std::string& command) {
  return command.empty() ? program_manual() : find_command(command).options.manual();
}

/// --dump-completion SHELL.
std::string completion(const std::string& shell) {
  const std::vector<std::string> shells = completion_shells();
  if (std::find(shells.begin(), shells.end(), shell) == shells.end()) {
    refuse_usage("--dump-completion", "\"" + shell + "\"", "bash, fish or zsh");
  }
  return completion_script(shell);
}

/// help [COMMAND].
std::string help(const std::string& command) {
  return command.empty() ? program_help() : find_command(command).options.help();
}

/// What the program answers without running a command: `topic` may be the name of a command or of a shell, or empty.
/// None for what it does not know.
std::optional<std::string> answer(const std::string& question, const std::string& topic) {
  if (question == "help") return help(topic);
  if (question == "--dump-man") return manual(topic);
  if (question == "--dump-completion") return completion(topic);
  if (!topic.empty()) refuse_line("unexpected argument \"" + topic + "\"");
  if (question == "--help" || question == "-h") return program_help();
  if (question == "--version" || question == "-V") return "phatgoose " + std::string(version()) + "\n";
  if (question == "--data-dir") return data_directory().string() + "\n";
  if (question == "--dump-docs") return commands_markdown();
  return std::nullopt;
}

ExitCode answer_about_program(const Arguments& arguments) {
  if (arguments.empty()) refuse_line("no command");
  if (arguments.size() > 2) refuse_line("unexpected argument \"" + arguments[2] + "\"");
  const std::optional<std::string> text = answer(arguments[0], arguments.size() > 1 ? arguments[1] : "");
  if (!text) refuse_line("unknown option " + arguments[0]);
  std::cout << *text;
  return ExitCode::done;
}

ExitCode run(Command& command, const Arguments& arguments) {
  if (asks_about_options(arguments) && parse_options(command.options, arguments, std::cout) == ParseOutcome::answered) {
    return ExitCode::done;
  }
  become(command.options.command(), arguments);
}

}  // namespace
}  // namespace phatgoose

int main(int argc, char** argv) {
  using namespace phatgoose;
  const Arguments arguments(argv + 1, argv + argc);
  if (arguments.empty() || arguments.front() == "help" || arguments.front().starts_with("-")) {
    return run_guarded("", [&] { return answer_about_program(arguments); });
  }
  return run_guarded("", [&] {
    Command command = find_command(arguments.front());
    const Arguments rest(arguments.begin() + 1, arguments.end());
    return static_cast<ExitCode>(run_guarded(arguments.front(), [&] { return run(command, rest); }));
  });
}
