// The one error type of the project, and the exit codes that a command ends with.
#pragma once

#include <stdexcept>
#include <string>

namespace phatgoose {

/// Exit codes of every command (docs/commands.md lists them for users).
enum class ExitCode : int {
  done = 0,
  cannot_finish = 1,  ///< I/O, memory, device
  usage = 2,          ///< command line or settings file
  bad_data = 3,       ///< missing or unusable data, checkpoint, tokenizer
  diverged = 5,       ///< training produced NaN or infinity
  bug = 70,           ///< an inconsistency of our own
  stopped = 75,       ///< stopped by a signal after saving; run the same command again
};

/// What a user needs to mend a mistake. `where` and `found` are required, the others may stay empty.
struct Fault {
  std::string where;       ///< file, line, option or tensor, e.g. "rows.jsonl:17"
  std::string found;       ///< what was there
  std::string expected{};  ///< what should have been there
  std::string hint{};      ///< what to do about it
};

/// Thrown by the library for everything that goes wrong; only a command's main turns it into text and an exit code.
/// what() is one printable line: "WHERE: FOUND; expected EXPECTED (HINT)".
class Error : public std::runtime_error {
 public:
  Error(ExitCode code, const Fault& fault);

  ExitCode code() const noexcept { return code_; }

 private:
  ExitCode code_;
};

[[noreturn]] void fail(ExitCode code, const Fault& fault);
/// fail() with bad_data: what was read is missing, damaged, or not what it should be.
[[noreturn]] void refuse(const std::string& where, const std::string& found, const std::string& expected = {},
                         const std::string& hint = {});

}  // namespace phatgoose
