// How files of rows and of text are read, by every command that reads some.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "phatgoose/base/options.h"
#include "phatgoose/base/text_file.h"

namespace phatgoose {

struct ReadingSettings {
  std::int64_t max_line_bytes = kMaxLineBytes;

  void declare(OptionSet& set);
  std::size_t line_limit() const { return static_cast<std::size_t>(max_line_bytes); }
};

/// Of commands that read whole files of rows before they compute.
struct RowReadingSettings : ReadingSettings {
  bool skip_bad_rows = false;  ///< count them and go on, instead of ending with the first

  void declare(OptionSet& set);
};

/// Usage error at `option` for two names of one file.
void check_distinct_files(const char* option, const std::vector<std::string>& files, const char* hint);

}  // namespace phatgoose
