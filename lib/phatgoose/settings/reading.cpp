#include "phatgoose/settings/reading.h"

namespace phatgoose {

void ReadingSettings::declare(OptionSet& set, const std::string& group) {
  set.add("max-line-bytes", &max_line_bytes, "longest line that is read, in bytes; a longer one is an error")
      .at_least(1)
      .in(group);
}

}  // namespace phatgoose
