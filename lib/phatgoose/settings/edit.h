// Settings of `phatgoose edit`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "phatgoose/base/options.h"
#include "phatgoose/store/routed_model_editor.h"

namespace phatgoose {

struct EditSettings {
  std::string routed;
  std::optional<std::string> model;
  std::vector<std::string> add, remove, enable, disable, rename;
  bool allow_partial = false;  ///< take experts that lack factors which their configuration promises

  OptionSet declare();
  /// The same as a list of changes; usage error for a --rename that is not OLD=NEW, or when there is no change at all.
  RoutedModelEdit edit() const;
};

}  // namespace phatgoose
