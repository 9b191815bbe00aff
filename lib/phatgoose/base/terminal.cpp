#include "phatgoose/base/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>

#include "phatgoose/base/utf8.h"

namespace phatgoose {
namespace {

std::mutex mutex;
std::string& status() {
  static std::string text;
  return text;
}

void put(const std::string& text) {
  // A lost log line must not stop the work: stderr may be closed.
  (void)!std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

}  // namespace

bool stderr_is_terminal() { return ::isatty(STDERR_FILENO) == 1; }

bool stdout_has_colours() {
  const char* refusal = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  const bool refused = refusal != nullptr && *refusal != '\0';
  return !refused && terminal != nullptr && std::string_view(terminal) != "dumb" && ::isatty(STDOUT_FILENO) == 1;
}

int terminal_width() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

void write_stderr_line(std::string_view line) {
  const std::lock_guard lock(mutex);
  std::string text;
  if (!status().empty()) text += kEraseLine;
  text.append(printable(line)).append("\n").append(status());
  put(text);
}

void set_status_line(std::string_view text) {
  const std::lock_guard lock(mutex);
  status() = printable(text);
  put(kEraseLine + status());
}

}  // namespace phatgoose
