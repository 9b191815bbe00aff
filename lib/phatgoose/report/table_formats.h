// Tables for other programs.
#pragma once

#include <string>

#include "phatgoose/report/table.h"

namespace phatgoose {

enum class TableFormat { text, csv, markdown, latex };

/// text: Table::text(). csv: RFC 4180, with the header and without rules. markdown: GitHub's tables, without rules.
/// latex: a tabular of the package booktabs; what LaTeX would act on is escaped.
std::string formatted(const Table& table, TableFormat format);

}  // namespace phatgoose
