#include "phatgoose/base/options_general.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "phatgoose/base/options_yaml.h"

namespace phatgoose {

OptionSet GeneralOptions::declare(const OptionSet& command) {
  OptionSet set(command.command(), command.summary());
  const char* group = "Settings files and help";
  set.add("config", &config, "read settings from a YAML file; the command line has the last word").as("FILE").in(group);
  set.add("preset", &preset,
          fmt::format("begin with built-in settings: {}; --config and the command line come after",
                      fmt::join(preset_names(command), ", ")))
      .as("NAME")
      .in(group);
  set.add("dump-config", &dump_config, "print the resulting settings as YAML and do nothing else").in(group);
  set.add("version", &version, "print the version and do nothing else").short_for('V').in(group);
  set.add("help", &help, "print this page and do nothing else").short_for('h').in(group);
  return set;
}

}  // namespace phatgoose
