// Text filled into lines: help pages and examples.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace phatgoose {

inline constexpr std::size_t kPageWidth = 80;  ///< columns of everything that help prints

/// The pieces with spaces between them, broken between pieces into lines of at most kPageWidth columns. The first line
/// begins at column `first`, the others are indented to `indent`. `ending` closes each line but the last.
std::string fill(const std::vector<std::string>& pieces, std::size_t first, std::size_t indent,
                 std::string_view ending = "");

/// The same for a text, whose words are the pieces and whose lines all begin at `column`.
std::string fill_text(std::string_view text, std::size_t column);

/// A shell command, indented by two and broken before options and pipes with a backslash at the ends of lines.
std::string fill_command(std::string_view command);

}  // namespace phatgoose
