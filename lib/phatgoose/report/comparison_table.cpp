#include "phatgoose/report/comparison_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace phatgoose {
namespace {

constexpr const char *kIntervalTitle = "95 % interval", *kUsesLabels = "uses labels";
constexpr std::size_t kWidest = 100;  // columns of a table with a line for each method

/// "1 of 2 tasks"; empty for a method that has all.
std::string coverage_of(const Comparison::Row& row) {
  const auto present = std::ranges::count_if(row.tasks, [](const auto& task) { return task.has_value(); });
  if (present == std::ssize(row.tasks)) return "";
  return fmt::format("{} of {} tasks", present, row.tasks.size());
}

/// What is to be known in addition to the numbers of a row.
std::string note_of(const Comparison::Row& row) {
  const std::string coverage = coverage_of(row);
  if (!row.uses_labels) return coverage;
  return coverage.empty() ? kUsesLabels : fmt::format("{}, {}", kUsesLabels, coverage);
}

std::string difference_text(const Comparison::Row& row) {
  return row.difference ? signed_text(row.difference->score) : "";
}
std::string difference_interval_text(const Comparison::Row& row) {
  return row.difference ? interval_text(row.difference->interval) : "";
}
std::string task_text(const Comparison::Row& row, std::size_t task) {
  return row.tasks[task] ? score_text(*row.tasks[task]) : "-";
}

/// The numbers of the columns between the first and `end`.
std::vector<std::size_t> columns_until(std::size_t end) {
  std::vector<std::size_t> columns(end - 1);
  std::iota(columns.begin(), columns.end(), std::size_t{1});
  return columns;
}

using Rows = std::vector<const Comparison::Row*>;

Table methods_by_tasks(const Comparison& comparison, const Rows& rows) {
  std::vector<std::string> header{"method"};
  header.insert(header.end(), comparison.tasks.begin(), comparison.tasks.end());
  header.insert(header.end(), {"mean", kIntervalTitle, "against " + comparison.reference, kIntervalTitle, ""});
  Table table(header, columns_until(header.size() - 1));
  for (const Comparison::Row* row : rows) {
    std::vector<std::string> cells{row->method};
    for (std::size_t task = 0; task < row->tasks.size(); ++task) cells.push_back(task_text(*row, task));
    cells.insert(cells.end(), {score_text(row->mean), interval_text(row->mean.interval), difference_text(*row),
                               difference_interval_text(*row), note_of(*row)});
    table.add(std::move(cells));
  }
  return table;
}

Table tasks_by_methods(const Comparison& comparison, const Rows& rows) {
  std::vector<std::string> header{"task"};
  for (const Comparison::Row* row : rows) header.push_back(row->method);
  Table table(header, columns_until(header.size()));
  const auto add = [&](const std::string& title, const auto& text_of) {
    std::vector<std::string> cells{title};
    for (const Comparison::Row* row : rows) cells.push_back(text_of(*row));
    if (std::ranges::any_of(cells.begin() + 1, cells.end(), [](const auto& cell) { return !cell.empty(); })) {
      table.add(std::move(cells));
    }
  };
  for (std::size_t task = 0; task < comparison.tasks.size(); ++task) {
    add(comparison.tasks[task], [&](const Comparison::Row& row) { return task_text(row, task); });
  }
  table.add_rule();
  add("mean", [](const Comparison::Row& row) { return score_text(row.mean); });
  add(kIntervalTitle, [](const Comparison::Row& row) { return interval_text(row.mean.interval); });
  add("against " + comparison.reference, difference_text);
  add(kIntervalTitle, difference_interval_text);
  add("", coverage_of);
  add("", [](const Comparison::Row& row) { return std::string(row.uses_labels ? kUsesLabels : ""); });
  return table;
}

void add_test(const PairTest& test, Table& table) {
  bool first = true;
  const auto add = [&](const std::string& task, const Difference& difference, const std::string& adjusted) {
    table.add({first ? test.method : "", first ? test.reference : "", task, signed_text(difference.score),
               interval_text(difference.interval), p_text(difference.p), adjusted});
    first = false;
  };
  for (const TaskDifference& task : test.tasks) add(task.task, task.difference, p_text(task.p_holm));
  add(fmt::format("mean of {}", test.tasks.size()), test.mean, "");
}

}  // namespace

std::vector<const Comparison::Row*> shown_rows(const Comparison& comparison) {
  Rows rows;
  for (const Comparison::Row& row : comparison.rows) {
    if (!row.within_own_expert || row.method == comparison.reference) rows.push_back(&row);
  }
  return rows;
}

Table comparison_table(const Comparison& comparison) {
  const Rows rows = shown_rows(comparison);
  Table table = methods_by_tasks(comparison, rows);
  if (table.width() <= kWidest) return table;
  Table transposed = tasks_by_methods(comparison, rows);
  return transposed.width() < table.width() ? transposed : table;
}

Table tests_table(const Comparison& comparison) {
  const Rows rows = shown_rows(comparison);
  const auto is_shown = [&](const std::string& method) {
    return std::ranges::find(rows, method, [](const auto* row) { return row->method; }) != rows.end();
  };
  Table table({"method", "against", "task", "difference", kIntervalTitle, "p", "p (Holm)"}, {3, 4, 5, 6});
  for (const PairTest& test : comparison.tests) {
    if (!is_shown(test.method) || !is_shown(test.reference)) continue;
    if (!table.empty()) table.add_rule();
    add_test(test, table);
  }
  return table;
}

}  // namespace phatgoose
