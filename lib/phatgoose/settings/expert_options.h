// Options of every command that reads experts.
#pragma once

#include "phatgoose/base/options.h"

namespace phatgoose {

struct ExpertOptions {
  bool allow_partial = false;  ///< take experts that lack factors which their configuration promises

  void declare(OptionSet& set);
};

}  // namespace phatgoose
