#include "phatgoose/report/table_bands.h"

#include <fmt/format.h>

#include <cmath>
#include <numeric>

namespace phatgoose {
namespace {

/// The first `kept` columns of a table, and those from `begin` to before `end`.
Table columns_of(const Table& table, std::size_t kept, std::size_t begin, std::size_t end) {
  std::vector<std::size_t> columns(kept + end - begin), right_aligned;
  std::iota(columns.begin(), columns.begin() + static_cast<std::ptrdiff_t>(kept), 0);
  std::iota(columns.begin() + static_cast<std::ptrdiff_t>(kept), columns.end(), begin);
  const auto cells = [&](const std::vector<std::string>& row) {
    std::vector<std::string> chosen;
    for (const std::size_t column : columns) chosen.push_back(row[column]);
    return chosen;
  };
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (table.right_aligned()[columns[i]]) right_aligned.push_back(i);
  }
  Table part(cells(table.rows().front()), right_aligned);
  for (std::size_t i = 2; i < table.rows().size(); ++i) {  // after the header and its rule
    const auto& row = table.rows()[i];
    if (row.empty()) {
      part.add_rule();
    } else {
      part.add(cells(row));
    }
  }
  return part;
}

/// "0.123", without a sign where nothing but zeros is shown; "-" for null.
std::string similarity_cell(const Json& value) {
  if (value.is_null()) return "-";
  const double number = value.get<double>();
  return fmt::format("{:.3f}", std::abs(number) < 5e-4 ? 0.0 : number);
}

/// The matrix with `labels` before each row, under `header`, whose other cells call the columns.
Table matrix_table(std::vector<std::string> header, const std::vector<std::vector<std::string>>& labels,
                   const Json& rows) {
  std::vector<std::size_t> numbers(header.size() - labels.front().size());
  std::iota(numbers.begin(), numbers.end(), labels.front().size());
  if (labels.front().size() > 1) numbers.push_back(0);
  Table table(std::move(header), numbers);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::vector<std::string> cells = labels[i];
    for (const Json& value : rows[i]) cells.push_back(similarity_cell(value));
    table.add(std::move(cells));
  }
  return table;
}

}  // namespace

std::string banded_text(const Table& table, std::size_t kept, std::size_t width) {
  const std::size_t columns = table.right_aligned().size();
  std::string text;
  for (std::size_t begin = kept, end; begin < columns; begin = end) {
    end = begin + 1;
    while (end < columns && columns_of(table, kept, begin, end + 1).width() <= width) ++end;
    text += (text.empty() ? "" : "\n") + columns_of(table, kept, begin, end).text();
  }
  return text;
}

std::string matrix_text(const std::string& title, const Json& names, const Json& rows) {
  std::vector<std::string> by_name = {title}, by_number = {"", title};
  std::vector<std::vector<std::string>> named, numbered;
  for (const Json& name : names) {
    const std::string number = std::to_string(named.size() + 1);
    by_name.push_back(name.get<std::string>());
    by_number.push_back(number);
    named.push_back({name.get<std::string>()});
    numbered.push_back({number, name.get<std::string>()});
  }
  const Table table = matrix_table(by_name, named, rows);
  if (table.width() <= kReadableWidth) return table.text();
  return banded_text(matrix_table(by_number, numbered, rows), 2);
}

}  // namespace phatgoose
