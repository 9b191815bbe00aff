// Tables for people, as plain text with aligned columns; other formats: table_formats.h.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "phatgoose/scoring/score.h"

namespace phatgoose {

/// Columns are as wide as their widest cell; the columns whose numbers are in `right_aligned` are set flush right.
class Table {
 public:
  explicit Table(std::vector<std::string> header, std::vector<std::size_t> right_aligned = {});

  /// As many cells as the header has.
  void add(std::vector<std::string> cells);
  /// A rule between the rows before and after.
  void add_rule();
  /// Whether nothing was added.
  bool empty() const { return rows_.size() == 2; }
  /// Columns of its rules, the widest lines.
  std::size_t width() const;
  /// Lines ending in '\n', without trailing spaces.
  std::string text() const;

  /// The header first; an empty row is a rule.
  const std::vector<std::vector<std::string>>& rows() const { return rows_; }
  /// Of each column, whether it is set flush right.
  const std::vector<bool>& right_aligned() const { return right_; }

 private:
  std::vector<std::size_t> column_widths() const;

  std::vector<std::vector<std::string>> rows_;
  std::vector<bool> right_;
};

/// "+3.2"
std::string signed_text(double difference);
/// "0.0002"
std::string p_text(double p);
/// "61.3"
std::string score_text(const MetricScore& score);
/// "[58.0, 64.5]"
std::string interval_text(const Interval& interval);

/// The table of a suite: every metric of every task with its interval, and the mean over tasks.
Table suite_table(const SuiteScore& scores);

}  // namespace phatgoose
