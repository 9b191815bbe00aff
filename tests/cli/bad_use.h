// Tables of bad use: what is typed, the exit code, and words of the one line that must say what is wrong.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace phatgoose::test {

struct BadUse {
  /// Words after `phatgoose`; DIR/ stands for the directory that the table is checked in.
  std::string arguments;
  int code;
  std::vector<std::string> says;
  std::string input = "";  ///< stdin
};

/// Runs every row. Each must end with its code, leave stdout empty and `directory` as it was, and say its words in one
/// line "phatgoose ...: error: ...", the last on stderr; before that only log lines and warnings may stand.
void check_bad_use(const std::filesystem::path& directory, const std::vector<BadUse>& rows);

}  // namespace phatgoose::test
