// Tables that are wider than a terminal.
#pragma once

#include <cstddef>
#include <string>

#include "phatgoose/base/json.h"
#include "phatgoose/report/table.h"

namespace phatgoose {

/// Lines of text are not longer than this, where there is a choice.
constexpr std::size_t kReadableWidth = 100;

/// The table's text; where it is wider than `width`, cut into several of some columns each, one below the other. Each
/// begins with the first `kept` columns, and has one other column at least.
std::string banded_text(const Table& table, std::size_t kept, std::size_t width = kReadableWidth);

/// A square matrix of similarities, with three decimals ("-" for null), whose rows and columns are `names`. Columns are
/// called by name where that is not too wide, otherwise by the number of their row, and cut into bands.
std::string matrix_text(const std::string& title, const Json& names, const Json& rows);

}  // namespace phatgoose
