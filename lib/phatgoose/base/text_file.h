// What every reader of text asks of a file: that it is UTF-8.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "phatgoose/base/error.h"
#include "phatgoose/base/files.h"

namespace phatgoose {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
/// Lines beyond this are refused unless a user admits them: a small compressed file may hold one that fills the memory.
constexpr std::size_t kMaxLineBytes = std::size_t{16} << 20;

/// The name of another encoding than UTF-8 that a text with these first four bytes (or all, if fewer) is in; nothing
/// where they do not tell.
std::string_view foreign_encoding(std::string_view start);
[[noreturn]] void refuse_encoding(const std::string& where, std::string_view encoding);

/// What is wrong with a line of a file, if anything is: bytes that are not valid UTF-8, and NUL, at "column N" of the
/// line, counted in bytes from `first_column` on.
std::optional<Fault> fault_of_line(std::string_view line, std::size_t first_column = 1);

/// A whole text file without the byte-order mark that it may begin with. Missing, unreadable, in another encoding, or
/// invalid (with line and column): bad_data.
std::string read_text(const fs::path& path);

}  // namespace phatgoose
