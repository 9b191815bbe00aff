// The methods that one call of `phatgoose eval` evaluates: the base, single experts, routed models.
#pragma once

#include <string>
#include <vector>

#include "phatgoose/settings/eval.h"

namespace phatgoose {

struct EvalMethod {
  std::string name;       ///< "base", the expert's name, or the routed model's directory name
  EvalSettings settings;  ///< of a call that evaluates it alone, into a directory of its own
};

/// In the order base, experts, routed models. A single method keeps settings.out; of several, each gets a directory of
/// its name in it. Names that are not distinct, settings that fit none of them, or an unknown --compare-to: usage error.
std::vector<EvalMethod> methods_of(EvalSettings settings);

}  // namespace phatgoose
