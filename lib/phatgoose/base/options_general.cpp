#include "phatgoose/base/options_general.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "phatgoose/base/options_yaml.h"

namespace phatgoose {

OptionSet GeneralOptions::declare(const OptionSet& command) {
  OptionSet set(command.command(), command.summary());
  set.begin_group("Settings files and help");
  set.add("config", &config, "read settings from a YAML file; the command line has the last word").as("FILE");
  set.add("preset", &preset,
          fmt::format("begin with built-in settings: {}; --config and the command line come after",
                      fmt::join(preset_names(command), ", ")))
      .as("NAME");
  set.add("dump-config", &dump_config, "print the resulting settings as YAML and do nothing else");
  set.add("version", &version, "print the version and do nothing else").short_for('V');
  set.add("help", &help, "print this page and do nothing else").short_for('h');
  return set;
}

}  // namespace phatgoose
