// The one place that writes to stderr: log lines, and below them a status line that is redrawn in place. Whatever files
// say of themselves, nothing that acts on a terminal comes through (base/utf8.h, printable).
#pragma once

#include <string_view>

namespace phatgoose {

/// Has a terminal empty the line that the cursor is in.
constexpr const char* kEraseLine = "\r\x1b[K";

/// Whether stderr is a terminal.
bool stderr_is_terminal();
/// Whether colours may be written to stdout: it is a terminal that has them, and NO_COLOR (no-color.org) is not set.
bool stdout_has_colours();
/// Width of the terminal in columns; 80 where it is unknown.
int terminal_width();

/// Writes a whole line, above the status line if there is one. Thread safe.
void write_stderr_line(std::string_view line);
/// Draws (or redraws) the status line; only for terminals. An empty text removes it.
void set_status_line(std::string_view text);

}  // namespace phatgoose
