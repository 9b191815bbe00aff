#include "phatgoose/report/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "phatgoose/base/error.h"
#include "phatgoose/base/utf8.h"
#include "phatgoose/text/unicode.h"

namespace phatgoose {
namespace {

std::size_t width_of(const std::string& cell) { return decode_utf8(cell).size(); }

}  // namespace

Table::Table(std::vector<std::string> header, std::vector<std::size_t> right_aligned) : right_(header.size(), false) {
  for (const std::size_t column : right_aligned) right_.at(column) = true;
  add(std::move(header));
  add_rule();
}

void Table::add(std::vector<std::string> cells) {
  if (cells.size() != right_.size()) {
    fail(ExitCode::bug, {.where = "Table",
                         .found = std::to_string(cells.size()) + " cells",
                         .expected = std::to_string(right_.size()),
                         .hint = ""});
  }
  for (std::string& cell : cells) cell = printable(cell);
  rows_.push_back(std::move(cells));
}

void Table::add_rule() { rows_.emplace_back(); }

std::vector<std::size_t> Table::column_widths() const {
  std::vector<std::size_t> widths(right_.size(), 0);
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  return widths;
}

std::size_t Table::width() const {
  const std::vector<std::size_t> widths = column_widths();
  return std::accumulate(widths.begin(), widths.end(), 2 * (widths.size() - 1));
}

std::string Table::text() const {
  const std::vector<std::size_t> widths = column_widths();
  const std::size_t total = width();
  std::string lines;
  for (const auto& row : rows_) {
    std::string line = row.empty() ? std::string(total, '-') : "";
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string fill(widths[i] - width_of(row[i]), ' ');
      line += (i == 0 ? "" : "  ") + (right_[i] ? fill + row[i] : row[i] + fill);
    }
    lines += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return lines;
}

std::string signed_text(double difference) { return fmt::format("{:+.1f}", difference); }

std::string p_text(double p) { return fmt::format("{:.4f}", p); }

std::string score_text(const MetricScore& score) { return fmt::format("{:.1f}", score.score); }

std::string interval_text(const Interval& interval) {
  return fmt::format("[{:.1f}, {:.1f}]", interval.low, interval.high);
}

Table suite_table(const SuiteScore& scores) {
  Table table({"task", "metric", "score", "95 % interval", "rows", "examples"}, {2, 3, 4, 5});
  for (const TaskScore& task : scores.tasks) {
    bool first = true;
    for (const MetricScore& metric : task.metrics) {
      table.add({first ? task.task : "", metric.metric, score_text(metric), interval_text(metric.interval),
                 first ? std::to_string(task.rows) : "", first ? std::to_string(task.examples) : ""});
      first = false;
    }
  }
  table.add_rule();
  table.add({"mean over tasks", "", score_text(scores.mean), interval_text(scores.mean.interval), "", ""});
  return table;
}

}  // namespace phatgoose
