#include "run_command.h"

#include <unistd.h>

#include <new>
#include <system_error>

#include "phatgoose/base/log.h"
#include "phatgoose/base/terminal.h"
#include "phatgoose/base/version.h"

namespace phatgoose {
namespace {

/// Errors of other libraries may carry a stack trace; the first line says what happened.
std::string first_line(const char* text) {
  const std::string whole = text;
  return whole.substr(0, whole.find('\n'));
}

bool is_out_of_memory(const std::string& text) {
  return text.find("out of memory") != std::string::npos || text.find("can't allocate memory") != std::string::npos;
}

int report(const std::string& command, ExitCode code, const std::string& text) {
  const char* kind = code == ExitCode::stopped ? ": " : ": error: ";
  write_stderr_line("phatgoose" + (command.empty() ? "" : " " + command) + kind + text);
  return static_cast<int>(code);
}

std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "an unnamed host";
}

}  // namespace

int run_guarded(const std::string& command, const std::function<ExitCode()>& body) {
  try {
    const ExitCode code = body();
    if (!std::cout.flush()) {
      return report(command, ExitCode::cannot_finish, "stdout: cannot write all of the output");
    }
    return static_cast<int>(code);
  } catch (const Error& error) {
    return report(command, error.code(), error.what());
  } catch (const std::bad_alloc&) {
    return report(command, ExitCode::cannot_finish, "out of memory");
  } catch (const std::system_error& error) {
    return report(command, ExitCode::cannot_finish, first_line(error.what()));
  } catch (const std::exception& error) {
    const std::string what = first_line(error.what());
    if (is_out_of_memory(what)) return report(command, ExitCode::cannot_finish, what);
    return report(command, ExitCode::bug, "this is a bug of phatgoose, please report it: " + what);
  } catch (...) {
    return report(command, ExitCode::bug, "this is a bug of phatgoose, please report it: unknown exception");
  }
}

void log_command(const OptionSet& options, const CommonSettings& common) {
  set_log_level(common.log_level());
  log_info("phatgoose " + std::string(version()) + " " + options.command() + " on " + host_name());
  log_debug("settings " + options.values().dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace phatgoose
