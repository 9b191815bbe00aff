#include "phatgoose/settings/expert_options.h"

namespace phatgoose {

void ExpertOptions::declare(OptionSet& set) {
  set.add("allow-partial", &allow_partial,
          "take experts that lack factors which their adapter_config.json promises: those linears stay as in the base")
      .may_change();
}

}  // namespace phatgoose
