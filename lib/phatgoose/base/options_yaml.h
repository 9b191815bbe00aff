// Settings files: YAML whose keys are the names of options.
#pragma once

#include <string>
#include <vector>

#include "phatgoose/base/options.h"

namespace phatgoose {

/// Applies a settings file to the set's targets: options of its command, as --dump-config writes them, or a section for
/// each of several commands. `where` names it in errors ("FILE:LINE"). Broken YAML, unknown or duplicate keys, values
/// that do not fit, sections for other commands only: usage error.
void apply_yaml(const OptionSet& set, const std::string& text, const std::string& where);

/// The same for a preset: only what lies below the command's name is applied.
void apply_preset(const OptionSet& set, const Preset& preset);

/// The commands that a preset has settings for.
std::vector<std::string> preset_commands(const Preset& preset);

/// Names of the presets that have settings for the set's command.
std::vector<std::string> preset_names(const OptionSet& set);

}  // namespace phatgoose
