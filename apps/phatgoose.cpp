// The dispatcher: answers what needs no LibTorch, and hands everything else to phatgoose-COMMAND beside it.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "openmp_spinning.h"
#include "phatgoose/base/files.h"
#include "phatgoose/base/nearest.h"
#include "phatgoose/base/version.h"
#include "run_command.h"

namespace phatgoose {
namespace {

using Arguments = std::vector<std::string>;

std::string program_help(const std::vector<Command>& commands) {
  std::string text =
      "Usage: phatgoose COMMAND [OPTIONS]\nRoute tokens among experts that others have trained.\n\nCommands:\n";
  for (const Command& command : commands) {
    std::string line = "  " + command.options.command();
    line.resize(std::max<std::size_t>(line.size() + 2, 18), ' ');
    text += line + command.options.summary() + "\n";
  }
  return text + "\nphatgoose COMMAND --help shows the options of a command; phatgoose --version the version.\n";
}

/// Whether the command only has to speak about its options.
bool asks_about_options(const Arguments& arguments) {
  const auto end = std::find(arguments.begin(), arguments.end(), "--");
  return std::any_of(arguments.begin(), end, [](const std::string& text) {
    return text == "--help" || text == "-h" || text == "--version" || text == "--dump-config";
  });
}

Command find_command(std::vector<Command> commands, const std::string& name) {
  std::vector<std::string> names;
  for (Command& command : commands) {
    if (command.options.command() == name) return std::move(command);
    names.push_back(command.options.command());
  }
  const std::string hint = did_you_mean(name, names);
  fail(ExitCode::usage, {.where = "\"" + name + "\"",
                         .found = "unknown command",
                         .expected = "",
                         .hint = hint.empty() ? "phatgoose --help lists the commands" : hint});
}

[[noreturn]] void become(const std::string& name, const Arguments& arguments) {
  const fs::path program = fs::read_symlink("/proc/self/exe").parent_path() / ("phatgoose-" + name);
  std::vector<char*> pointers{const_cast<char*>(program.c_str())};
  for (const std::string& argument : arguments) pointers.push_back(const_cast<char*>(argument.c_str()));
  pointers.push_back(nullptr);
  bound_openmp_spinning();
  ::execv(program.c_str(), pointers.data());
  fail(ExitCode::cannot_finish, {.where = program.string(),
                                 .found = std::string("cannot run: ") + std::strerror(errno),
                                 .expected = "the program of this command beside phatgoose",
                                 .hint = ""});
}

/// `phatgoose` without a command.
ExitCode answer_about_program(const Arguments& arguments) {
  const std::string first = arguments.empty() ? "" : arguments.front();
  if (first == "--help" || first == "-h") {
    std::cout << program_help(all_commands());
  } else if (first == "--version") {
    std::cout << "phatgoose " << version() << "\n";
  } else if (first == "--dump-docs") {
    std::cout << commands_markdown();
  } else {
    fail(ExitCode::usage, {.where = "command line",
                           .found = first.empty() ? "no command" : "unknown option " + first,
                           .expected = "",
                           .hint = "phatgoose --help lists the commands"});
  }
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
  if (arguments.empty() || arguments.front().starts_with("-")) {
    return run_guarded("", [&] { return answer_about_program(arguments); });
  }
  return run_guarded("", [&] {
    Command command = find_command(all_commands(), arguments.front());
    const Arguments rest(arguments.begin() + 1, arguments.end());
    return static_cast<ExitCode>(run_guarded(arguments.front(), [&] { return run(command, rest); }));
  });
}
