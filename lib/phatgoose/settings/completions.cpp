#include "phatgoose/settings/completions.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>

#include "phatgoose/base/option_values.h"
#include "phatgoose/base/options_yaml.h"
#include "phatgoose/settings/commands.h"

namespace phatgoose {
namespace {

/// What a shell offers as the value of an option.
enum class Offer { nothing, words, directories, files };

/// What completion knows of an option.
struct Completed {
  std::string name, help;
  Offer offer = Offer::nothing;
  std::vector<std::string> words;
  bool flag = false, list = false, positional = false;
};

Completed completed(const Option& option, const OptionSet& owner) {
  Completed result{.name = option.name,
                   .help = option.help,
                   .words = option.name == "preset" ? preset_names(owner) : option.choices,
                   .flag = is_flag(option),
                   .list = is_list(option),
                   .positional = option.positional};
  if (!result.words.empty()) {
    result.offer = Offer::words;
  } else if (option.placeholder.starts_with("DIR")) {
    result.offer = Offer::directories;
  } else if (option.placeholder.starts_with("FILE")) {
    result.offer = Offer::files;
  }
  return result;
}

/// The command's own options, then the general ones.
std::vector<Completed> completed_options(const OptionSet& set) {
  std::vector<Completed> result;
  for (const Option& option : set.options()) result.push_back(completed(option, set));
  GeneralOptions general;
  const OptionSet general_set = general.declare(set);
  for (const Option& option : general_set.options()) {
    if (option.name != "preset" || !preset_names(set).empty()) result.push_back(completed(option, set));
  }
  return result;
}

/// `text` within single quotes of a shell, in which `quote` stands for a single quote.
std::string quoted(const std::string& text, const std::string& quote) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? quote : std::string(1, c);
  return result + "'";
}

// bash: the word before the cursor decides about the value; anything else is an option or, by default, a path.

std::string bash_case(const std::string& command, const Completed& option) {
  if (option.flag || option.positional) return "";
  const std::map<Offer, std::string> replies = {
      {Offer::nothing, ""},
      {Offer::words,
       fmt::format("mapfile -t COMPREPLY < <(compgen -W '{}' -- \"$word\")", fmt::join(option.words, " "))},
      {Offer::directories, "mapfile -t COMPREPLY < <(compgen -d -- \"$word\")"},
      {Offer::files, "mapfile -t COMPREPLY < <(compgen -f -- \"$word\")"}};
  return fmt::format("    '{} --{}') {}{}return ;;\n", command, option.name, replies.at(option.offer),
                     option.offer == Offer::nothing ? "" : "; ");
}

std::string bash_completion() {
  std::string names, cases, options;
  for (const Command& command : all_commands()) {
    const std::string& name = command.options.command();
    names += (names.empty() ? "" : " ") + name;
    options += "    " + name + ") options='";
    for (const Completed& option : completed_options(command.options)) {
      cases += bash_case(name, option);
      if (!option.positional) options += "--" + option.name + " ";
    }
    options.back() = '\'';
    options += " ;;\n";
  }
  return fmt::format(R"(# bash completion for phatgoose

_phatgoose() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} options=''
  if ((COMP_CWORD == 1)); then
    mapfile -t COMPREPLY < <(compgen -W '{0} help --help --version --data-dir' -- "$word")
    return
  fi
  if [[ ${{COMP_WORDS[1]}} == help ]]; then
    mapfile -t COMPREPLY < <(compgen -W '{0}' -- "$word")
    return
  fi
  COMPREPLY=()
  case "${{COMP_WORDS[1]}} ${{COMP_WORDS[COMP_CWORD - 1]}}" in
{1}  esac
  [[ $word == -* ]] || return
  case ${{COMP_WORDS[1]}} in
{2}  esac
  mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
}}

complete -o default -F _phatgoose phatgoose
)",
                     names, cases, options);
}

// zsh: _arguments does everything, given "--name[help]:value:action".

std::string zsh_action(const Completed& option) {
  if (option.offer == Offer::words) return fmt::format("({})", fmt::join(option.words, " "));
  if (option.offer == Offer::directories) return "_files -/";
  return option.offer == Offer::files ? "_files" : " ";
}

/// Help in a specification of _arguments, where brackets and colons have a meaning.
std::string zsh_help(const std::string& help) {
  std::string result;
  for (const char c : help) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') result += '\\';
    result += c;
  }
  return result;
}

std::string zsh_specification(const Completed& option) {
  if (option.positional) return fmt::format("{}:{}:{}", option.list ? "*" : "", option.name, zsh_action(option));
  const std::string start = (option.list ? "*--" : "--") + option.name + "[" + zsh_help(option.help) + "]";
  return option.flag ? start : start + ":" + option.name + ":" + zsh_action(option);
}

std::string zsh_completion() {
  std::string names, cases;
  for (const Command& command : all_commands()) {
    const std::string& name = command.options.command();
    names += "    " + quoted(name + ":" + command.options.summary(), "'\\''") + "\n";
    cases += fmt::format("    {})\n      _arguments", name);
    for (const Completed& option : completed_options(command.options)) {
      cases += " \\\n        " + quoted(zsh_specification(option), "'\\''");
    }
    cases += "\n      ;;\n";
  }
  return fmt::format(R"(#compdef phatgoose

_phatgoose() {{
  local -a commands=(
{}    'help:the options of a command, and examples'
  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  ((CURRENT--))
  case $command in
    help) _describe command commands ;;
{}  esac
}}

_phatgoose "$@"
)",
                     names, cases);
}

// fish: one line for each option.

std::string fish_line(const std::string& command, const Completed& option) {
  if (option.positional) return "";
  const std::map<Offer, std::string> values = {{Offer::nothing, " -x"},
                                               {Offer::words, fmt::format(" -x -a '{}'", fmt::join(option.words, " "))},
                                               {Offer::directories, " -x -a '(__fish_complete_directories)'"},
                                               {Offer::files, " -r -F"}};
  return fmt::format("complete -c phatgoose -n '__fish_seen_subcommand_from {}' -l {}{} -d {}\n", command, option.name,
                     option.flag ? "" : values.at(option.offer), quoted(option.help, "\\'"));
}

std::string fish_completion() {
  std::string text = "# fish completion for phatgoose\n\n";
  std::string options;
  for (const Command& command : all_commands()) {
    const std::string& name = command.options.command();
    text += fmt::format("complete -c phatgoose -n __fish_use_subcommand -f -a {} -d {}\n", name,
                        quoted(command.options.summary(), "\\'"));
    for (const Completed& option : completed_options(command.options)) options += fish_line(name, option);
  }
  return text + "\n" + options;
}

const std::map<std::string, std::string (*)()>& scripts() {
  static const std::map<std::string, std::string (*)()> all = {
      {"bash", bash_completion}, {"fish", fish_completion}, {"zsh", zsh_completion}};
  return all;
}

}  // namespace

std::vector<std::string> completion_shells() {
  std::vector<std::string> names;
  for (const auto& [name, script] : scripts()) names.push_back(name);
  return names;
}

std::string completion_script(const std::string& shell) { return scripts().at(shell)(); }

}  // namespace phatgoose
