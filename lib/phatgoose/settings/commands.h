// The commands of the program: one line each in commands.cpp. A command's settings are a struct whose member
// `OptionSet declare()` names the command and declares its options over the struct's fields.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "phatgoose/base/options.h"

namespace phatgoose {

/// A command with settings of its own to declare its options over.
struct Command {
  std::shared_ptr<void> settings;  ///< what the options point to
  OptionSet options;
};

/// The settings files of configs/presets, which are compiled in, by name.
std::vector<Preset> embedded_presets();

/// The examples that end a command's help: shell commands that run one after the other, in the order of all_commands(),
/// in a directory with the shipped assets.
std::vector<std::string> examples_of(const std::string& command);

/// The names of all commands, in the order in which help lists them.
const std::vector<std::string>& command_names();

/// The options of a command over `settings`, which must outlive them, with what the program knows beyond their
/// declaration: the presets that are compiled in, the other commands, and the examples.
template <typename Settings>
OptionSet declare_options(Settings& settings) {
  OptionSet options = settings.declare();
  options.set_presets(embedded_presets());
  options.set_commands(command_names());
  options.set_examples(examples_of(options.command()));
  return options;
}

/// Every command, in that order.
std::vector<Command> all_commands();

}  // namespace phatgoose
