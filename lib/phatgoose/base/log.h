// Log lines to stderr. stdout carries a command's product only.
#pragma once

#include <string>
#include <string_view>

namespace phatgoose {

enum class LogLevel { quiet, info, debug };

void set_log_level(LogLevel level);
LogLevel log_level();

/// One line to stderr ("[12:00:01] text"), when the level admits it. Thread safe; does not break a progress bar.
void log_info(std::string_view line);
void log_debug(std::string_view line);
/// As log_info, but each line once in the life of the process: for what every reading of the same file would say again.
void log_info_once(std::string_view line);
/// Always shown, prefixed with "warning: ".
void log_warning(std::string_view line);

}  // namespace phatgoose
