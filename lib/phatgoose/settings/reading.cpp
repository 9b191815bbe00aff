#include "phatgoose/settings/reading.h"

namespace phatgoose {

void ReadingSettings::declare(OptionSet& set) {
  set.add("max-line-bytes", &max_line_bytes, "longest line that is read, in bytes; a longer one is an error")
      .at_least(1)
      .may_change();
}

void RowReadingSettings::declare(OptionSet& set) {
  ReadingSettings::declare(set);
  set.add("skip-bad-rows", &skip_bad_rows,
          "leave out lines that are no rows, count them and name the first; default: the first one is an error");
}

}  // namespace phatgoose
