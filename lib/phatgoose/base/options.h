// Options of a command, declared once: the command line, the YAML file, --dump-config, --help, the manual pages, the
// completions and docs/commands.md all come from the same declaration. Precedence: default < preset < YAML < command
// line.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <limits>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace phatgoose {

using OptionTarget = std::variant<bool*, std::int64_t*, double*, std::string*, std::vector<std::string>*,
                                  std::optional<std::int64_t>*, std::optional<double>*, std::optional<std::string>*>;

/// One option. The field's value at declaration is its default.
struct Option {
  std::string name;  ///< long name without dashes: "warmup-ratio"; the YAML key is the same
  OptionTarget target;
  std::string help;
  std::string group = {};                      ///< of help
  std::string placeholder = {};                ///< "DIR", "FILE", ...; derived from the type when empty
  std::vector<std::string> choices = {};       ///< admitted values; empty: all
  std::vector<std::string> former_names = {};  ///< refused, naming the one of today
  std::string bare = {};  ///< what the option means without a value, one of `choices`; empty: it needs one
  double minimum = -std::numeric_limits<double>::infinity();
  double maximum = std::numeric_limits<double>::infinity();
  char letter = 0;  ///< short name, for options that take no value: 'h' for -h; 0: none
  bool required = false;
  bool positional = false;
  bool changeable = false;  ///< the product does not depend on it: a run may be continued with another value

  Option& as(std::string text) { return set(&Option::placeholder, std::move(text)); }
  Option& one_of(std::vector<std::string> values) { return set(&Option::choices, std::move(values)); }
  Option& alone_means(std::string value) { return set(&Option::bare, std::move(value)); }
  Option& formerly(std::vector<std::string> names) { return set(&Option::former_names, std::move(names)); }
  Option& between(double low, double high) { return at_least(low).set(&Option::maximum, high); }
  Option& at_least(double low) { return set(&Option::minimum, low); }
  Option& short_for(char name_letter) { return set(&Option::letter, name_letter); }
  Option& must() { return set(&Option::required, true); }
  Option& as_positional() { return set(&Option::positional, true); }
  Option& may_change() { return set(&Option::changeable, true); }

 private:
  template <typename T>
  Option& set(T Option::*field, T value) {
    this->*field = std::move(value);
    return *this;
  }
};

/// A settings file that is compiled in. Its top-level keys are commands, the settings of each lie below.
struct Preset {
  std::string name;
  std::string yaml;
};

class OptionSet {
 public:
  OptionSet(std::string command, std::string summary) : command_(std::move(command)), summary_(std::move(summary)) {}

  /// Options that are declared from now on stand in this group of help.
  void begin_group(std::string name) { group_ = std::move(name); }

  /// Declares an option that sets `target`, which must outlive the set. Vector options take one or more values each
  /// time they are given; bool options are --name or --name true|false, others with `bare` --name or --name CHOICE.
  Option& add(std::string name, OptionTarget target, std::string help) {
    return add({std::move(name), target, std::move(help)});
  }
  Option& add(Option option);

  const std::string& command() const { return command_; }
  const std::string& summary() const { return summary_; }
  const std::vector<Option>& options() const { return options_; }

  /// The presets that --preset NAME selects from; those without a section for this command do not count.
  void set_presets(std::vector<Preset> presets) { presets_ = std::move(presets); }
  const std::vector<Preset>& presets() const { return presets_; }

  /// The names of all commands: a file for --config may have a section for each of them.
  void set_commands(std::vector<std::string> names) { commands_ = std::move(names); }
  const std::vector<std::string>& commands() const { return commands_; }

  /// Shell commands that show the use, for help.
  void set_examples(std::vector<std::string> examples) { examples_ = std::move(examples); }
  const std::vector<std::string>& examples() const { return examples_; }

  /// The settings as they stand, as YAML that --config reads back.
  std::string dump() const;
  /// The settings as they stand, as one JSON object; options that have no value are null.
  nlohmann::ordered_json values() const;
  /// What --help prints: lines of at most 80 columns.
  std::string help() const;
  /// The manual page phatgoose-COMMAND(1), in roff.
  std::string manual() const;
  /// The same as a section of docs/commands.md.
  std::string markdown() const;

 private:
  std::string command_, summary_, group_ = "Options";
  std::vector<Option> options_;
  std::vector<Preset> presets_;
  std::vector<std::string> commands_, examples_;
};

/// The options that every command has in addition to its own.
struct GeneralOptions {
  std::string config, preset;
  bool dump_config = false, version = false, help = false;

  /// Declares them over this struct, which must outlive the result; --preset is explained with the presets of
  /// `command`.
  OptionSet declare(const OptionSet& command);
};

enum class ParseOutcome {
  run,       ///< settings are complete: do the work
  answered,  ///< --help, --version or --dump-config was answered on `out`
};

/// Reads the command line (without the program name), and the --config and --preset files it names, into the targets.
/// Unknown, duplicate, ill-typed or out-of-range options: usage error with the place and the nearest valid name.
ParseOutcome parse_options(OptionSet& set, const std::vector<std::string>& arguments, std::ostream& out);

}  // namespace phatgoose
