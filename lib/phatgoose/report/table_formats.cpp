#include "phatgoose/report/table_formats.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "phatgoose/base/error.h"
#include "phatgoose/text/unicode.h"

namespace phatgoose {
namespace {

using Cells = std::vector<std::string>;

/// The cells, each as `write` has it, between separators.
template <typename Write>
std::string joined(const Cells& cells, const std::string& separator, Write write) {
  Cells written;
  for (std::size_t i = 0; i < cells.size(); ++i) written.push_back(write(cells[i], i));
  return fmt::format("{}", fmt::join(written, separator));
}

std::string csv_cell(std::string cell) {
  if (cell.find_first_of(",\"\r\n") == std::string::npos) return cell;
  replace_all(cell, "\"", "\"\"");
  return "\"" + cell + "\"";
}

std::string csv(const Table& table) {
  std::string text;
  for (const Cells& row : table.rows()) {
    if (row.empty()) continue;
    text += joined(row, ",", [](const std::string& cell, std::size_t) { return csv_cell(cell); }) + "\r\n";
  }
  return text;
}

/// With a backslash before what Markdown would act on.
std::string markdown_cell(const std::string& cell) {
  std::string escaped;
  for (const char c : cell) {
    if (std::string_view("\\|`*_<~").find(c) != std::string_view::npos) escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string markdown(const Table& table) {
  std::string text;
  for (const Cells& row : table.rows()) {
    if (row.empty()) continue;
    const bool is_header = text.empty();
    text +=
        "| " + joined(row, " | ", [](const std::string& cell, std::size_t) { return markdown_cell(cell); }) + " |\n";
    if (!is_header) continue;
    for (const bool right : table.right_aligned()) text += right ? "|---:" : "|---";
    text += "|\n";
  }
  return text;
}

std::string latex_character(char c) {
  switch (c) {
    case '&':
    case '%':
    case '$':
    case '#':
    case '_':
    case '{':
    case '}':
      return {'\\', c};
    case '\\':
      return "\\textbackslash{}";
    case '~':
      return "\\textasciitilde{}";
    case '^':
      return "\\textasciicircum{}";
    case '<':
      return "\\textless{}";
    case '>':
      return "\\textgreater{}";
    case '|':
      return "\\textbar{}";
    case '"':
      return "\\textquotedbl{}";
    default:
      return {c};
  }
}

/// In a column of numbers a hyphen is a minus, or stands for a missing one.
std::string latex_cell(const std::string& cell, bool is_number) {
  if (cell == "-") return "--";
  std::string escaped;
  for (const char c : cell) escaped += is_number && c == '-' ? "$-$" : latex_character(c);
  return escaped;
}

/// Behind the \\ of the line before, these would be read as its arguments.
bool needs_guard(const std::string& cell) { return cell.starts_with('[') || cell.starts_with('*'); }

std::string latex(const Table& table) {
  std::string columns, text;
  for (const bool right : table.right_aligned()) columns += right ? 'r' : 'l';
  bool is_header = true;
  for (const Cells& row : table.rows()) {
    if (row.empty()) {
      text += "\\midrule\n";
      continue;
    }
    const auto write = [&](const std::string& cell, std::size_t column) {
      return latex_cell(cell, !is_header && table.right_aligned()[column]);
    };
    text += (needs_guard(row.front()) ? "{}" : "") + joined(row, " & ", write) + " \\\\\n";
    is_header = false;
  }
  return "\\begin{tabular}{" + columns + "}\n\\toprule\n" + text + "\\bottomrule\n\\end{tabular}\n";
}

}  // namespace

std::string formatted(const Table& table, TableFormat format) {
  switch (format) {
    case TableFormat::text:
      return table.text();
    case TableFormat::csv:
      return csv(table);
    case TableFormat::markdown:
      return markdown(table);
    case TableFormat::latex:
      return latex(table);
  }
  fail(ExitCode::bug, {.found = "an unknown format of tables"});
}

}  // namespace phatgoose
