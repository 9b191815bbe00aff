// The one error type of the project, and the exit codes that a command ends with.
#pragma once

#include <cerrno>
#include <exception>
#include <string>
#include <utility>

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

/// What a user needs to mend a mistake. `found` is required; `where` may be left to in(), the others may stay empty.
struct Fault {
  std::string where{};     ///< file, line, option or tensor, e.g. "rows.jsonl:17"
  std::string found;       ///< what was there
  std::string expected{};  ///< what should have been there
  std::string hint{};      ///< what to do about it
};

/// Thrown by the library for everything that goes wrong; only a command's main turns it into text and an exit code.
/// what() is one printable line: "WHERE: FOUND; expected EXPECTED (HINT)".
class Error : public std::exception {
 public:
  Error(ExitCode code, Fault fault);

  ExitCode code() const noexcept { return code_; }
  const Fault& fault() const noexcept { return fault_; }
  const char* what() const noexcept override { return line_.c_str(); }

  /// Puts `place` before the place that is known, as in() does.
  void put_in(const std::string& place);

 private:
  ExitCode code_;
  Fault fault_;
  std::string line_;
};

[[noreturn]] void fail(ExitCode code, Fault fault);
/// fail() with bad_data: what was read is missing, damaged, or not what it should be.
[[noreturn]] void refuse(const std::string& where, const std::string& found, const std::string& expected = {},
                         const std::string& hint = {});
/// refuse() where only callers know the place: it is that of the in() around it.
[[noreturn]] void refuse_here(const std::string& found, const std::string& expected = {}, const std::string& hint = {});
/// fail() with usage: what was typed, or a settings file says, cannot be done.
[[noreturn]] void refuse_usage(const std::string& where, const std::string& found, const std::string& expected = {},
                               const std::string& hint = {});
/// fail() for a file that the system does not let us `action` ("read", "create"), with its reason.
[[noreturn]] void fail_io(const std::string& path, const std::string& action, ExitCode code = ExitCode::cannot_finish,
                          int error = errno);

/// Runs `work`. An Error on its way out gets `place` before its own: an error without a place has it from here, and
/// ":3: column 5" (a place that begins with a colon) in "a.json" becomes "a.json:3: column 5".
template <typename Work>
decltype(auto) in(const std::string& place, Work&& work) {
  try {
    return std::forward<Work>(work)();
  } catch (Error& error) {
    error.put_in(place);
    throw;
  }
}

/// in() for settings that stand in a file of data: a usage error becomes bad_data.
template <typename Work>
decltype(auto) in_data(const std::string& place, Work&& work) {
  return in(place, [&]() -> decltype(auto) {
    try {
      return std::forward<Work>(work)();
    } catch (const Error& error) {
      if (error.code() != ExitCode::usage) throw;
      fail(ExitCode::bad_data, error.fault());
    }
  });
}

}  // namespace phatgoose
