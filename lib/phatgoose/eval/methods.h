// The methods that one call of `phatgoose eval` evaluates: the base, single experts, routed models; those of the
// command line and those of a methods file.
#pragma once

#include <string>
#include <vector>

#include "phatgoose/settings/eval.h"
#include "phatgoose/store/router_kinds.h"

namespace phatgoose {

struct EvalMethod {
  std::string name;       ///< "base", the expert's name, that of the routed model's directory, or as it was given
  EvalSettings settings;  ///< of a call that evaluates it alone, into a directory of its own
  const RouterKind* router = nullptr;  ///< of a routed model; null for others
  std::string source = {};             ///< "FILE:LINE" in the methods file; empty: the command line

  bool uses_labels() const { return router != nullptr && router->follows_labels; }
};

/// In the order base, experts, routed models, methods of the file. A single method of the command line keeps
/// settings.out; otherwise each gets a directory of its name in it. Names that are not distinct, settings that fit none
/// of them, or an unknown --compare-to: usage error. Changes of routing are tried on the manifests of the routed
/// models.
std::vector<EvalMethod> methods_of(const EvalSettings& settings);

}  // namespace phatgoose
