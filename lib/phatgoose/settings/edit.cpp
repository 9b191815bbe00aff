#include "phatgoose/settings/edit.h"

#include "phatgoose/base/error.h"
#include "phatgoose/base/option_values.h"
#include "phatgoose/settings/named_directories.h"

namespace phatgoose {

OptionSet EditSettings::declare() {
  OptionSet set("edit", "Add, remove, enable, disable or rename experts of a routed model");
  set.begin_group("What");
  set.add("routed", &routed, "routed model directory").as("DIR").must();
  set.add("model", &model, "its base model directory; needed for --add").as("DIR");
  set.begin_group("Changes (in this order)");
  set.add("remove", &remove, "remove these experts (names separated by commas); their files are kept").as("A,B");
  set.add("rename", &rename, "rename an expert within this routed model").as("OLD=NEW");
  set.add("add", &add, "append these expert directories; NAME= gives one another name").as("[NAME=]DIR");
  declare_allow_partial(set, allow_partial);
  set.add("disable", &disable, "disable these experts (names separated by commas)").as("A,B");
  set.add("enable", &enable, "enable these experts again (names separated by commas)").as("A,B");
  return set;
}

RoutedModelEdit EditSettings::edit() const {
  RoutedModelEdit edit{.directory = routed,
                       .model = model,
                       .add = named_directories(add, "--add"),
                       .remove = split_at_commas(remove),
                       .enable = split_at_commas(enable),
                       .disable = split_at_commas(disable),
                       .rename = {},
                       .allow_partial = allow_partial};
  for (const std::string& text : rename) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == text.size()) {
      refuse_usage("--rename", "\"" + text + "\"", "OLD=NEW");
    }
    edit.rename.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  if (edit.add.empty() && edit.remove.empty() && edit.enable.empty() && edit.disable.empty() && edit.rename.empty()) {
    refuse_usage("command line", "no change", "--add, --remove, --enable, --disable or --rename");
  }
  return edit;
}

}  // namespace phatgoose
