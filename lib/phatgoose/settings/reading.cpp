#include "phatgoose/settings/reading.h"

#include "phatgoose/base/error.h"
#include "phatgoose/base/files.h"

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

void check_distinct_files(const char* option, const std::vector<std::string>& files, const char* hint) {
  for (std::size_t i = 0; i < files.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      std::error_code missing;
      if (files[i] != files[j] && !fs::equivalent(files[i], files[j], missing)) continue;
      refuse_usage(option, files[i] == files[j] ? files[i] + " is given twice" : files[i] + ", which is " + files[j],
                   "every file once", hint);
    }
  }
}

}  // namespace phatgoose
