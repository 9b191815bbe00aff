// The tables of a comparison.
#pragma once

#include "phatgoose/report/comparison.h"
#include "phatgoose/report/table.h"

namespace phatgoose {

/// The rows that tables have: those within the row own-expert are left out, unless one is the reference.
std::vector<const Comparison::Row*> shown_rows(const Comparison& comparison);

/// A line for each method, a column for each task; then the mean over tasks and the difference, with 95 % intervals. A
/// line with fewer tasks than there are says so. A table of more than 100 columns has a line for each task and a column
/// for each method instead, where that is narrower.
Table comparison_table(const Comparison& comparison);

/// A line for each task of every pair of shown methods, and one for the mean: difference, 95 % interval, p-values.
Table tests_table(const Comparison& comparison);

}  // namespace phatgoose
