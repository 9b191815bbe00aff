#include "phatgoose/base/log.h"

#include <atomic>
#include <chrono>
#include <ctime>
#include <mutex>
#include <set>

#include "phatgoose/base/terminal.h"

namespace phatgoose {
namespace {

std::atomic<LogLevel> current_level{LogLevel::info};

std::string stamped(std::string_view line) {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm local{};
  ::localtime_r(&now, &local);
  char stamp[16];
  std::strftime(stamp, sizeof stamp, "[%H:%M:%S] ", &local);
  return stamp + std::string(line);
}

}  // namespace

void set_log_level(LogLevel level) { current_level = level; }
LogLevel log_level() { return current_level; }

void log_info(std::string_view line) {
  if (log_level() >= LogLevel::info) write_stderr_line(stamped(line));
}

void log_info_once(std::string_view line) {
  static std::mutex mutex;
  static std::set<std::string, std::less<>> said;
  const std::lock_guard lock(mutex);
  if (said.emplace(line).second) log_info(line);
}

void log_debug(std::string_view line) {
  if (log_level() >= LogLevel::debug) write_stderr_line(stamped(line));
}

void log_warning(std::string_view line) { write_stderr_line("warning: " + std::string(line)); }

}  // namespace phatgoose
