// What every command's main does around its work: options, first log lines, errors, exit code.
#pragma once

#include <functional>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "openmp_spinning.h"
#include "phatgoose/base/error.h"
#include "phatgoose/base/json.h"
#include "phatgoose/settings/commands.h"
#include "phatgoose/settings/common.h"

namespace phatgoose {

/// Runs `body`, flushes stdout, and returns the exit code. Everything thrown becomes one line on stderr:
/// "phatgoose COMMAND: error: TEXT".
int run_guarded(const std::string& command, const std::function<ExitCode()>& body);

/// First log lines of a computing command: version, command, host; with --log debug also the resolved settings.
void log_command(const OptionSet& options, const CommonSettings& common);

/// Runs `work(settings, values)` with the settings of the command line; `values` are the same settings as one JSON
/// object, for manifests and results. `work` returns an ExitCode and throws on errors.
template <typename Settings, typename Work>
int run_command(int argc, char** argv, Work work) {
  Settings settings;
  OptionSet options = declare_options(settings);
  return run_guarded(options.command(), [&] {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    if (parse_options(options, arguments, std::cout) == ParseOutcome::answered) return ExitCode::done;
    if constexpr (requires { settings.common; }) {
      restart_with_bounded_spinning(argv);
      settings.common.resolve();
      log_command(options, settings.common);
    }
    return work(std::as_const(settings), options.values());
  });
}

}  // namespace phatgoose
