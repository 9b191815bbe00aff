// Running the programs as a user does.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace phatgoose::test {

struct Outcome {
  int code = 0;  ///< exit code; 128 + N when signal N ended the process
  std::string out, err;
};

/// Runs `program` (a path, or a name in the directory of the built programs) and waits for it. stdin is empty, or
/// `input`. A process that runs for more than two minutes is killed.
Outcome run_program(const std::string& program, const std::vector<std::string>& arguments,
                    const std::string& input = "");

/// run_program with arguments in one text, separated by spaces ("" is an empty argument). The first word is a command
/// or an option of `phatgoose`.
Outcome phatgoose_line(const std::string& arguments, const std::string& input = "");

}  // namespace phatgoose::test
