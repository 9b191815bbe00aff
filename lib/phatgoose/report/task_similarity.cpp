#include "phatgoose/report/task_similarity.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "phatgoose/report/table.h"
#include "phatgoose/report/table_bands.h"

namespace phatgoose {
namespace {

/// So many tasks make a matrix of a screen or two; of more, each has a line with those that it is most like.
constexpr std::size_t kMatrixTasks = 40;
constexpr std::size_t kShownNeighbours = 3;

/// "ag_news 0.912", or nothing where there is no cosine.
std::string neighbour_cell(const Json& tasks, const Json& row, std::size_t task) {
  if (row[task].is_null()) return "-";
  return fmt::format("{} {:.3f}", tasks[task].get<std::string>(), row[task].get<double>());
}

/// A line for each task: the others that it is most like, and the one that it is least like.
std::string neighbour_text(const Json& tasks, const Json& matrix) {
  Table table({"task", "most alike", "", "", "least alike"});
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    const Json& row = matrix[t];
    std::vector<std::size_t> others(tasks.size());
    std::iota(others.begin(), others.end(), 0);
    std::erase(others, t);
    const auto cosine = [&](std::size_t task) { return row[task].is_null() ? -2.0 : row[task].get<double>(); };
    std::ranges::stable_sort(others, std::greater<>(), cosine);
    std::vector<std::string> cells = {tasks[t].get<std::string>()};
    for (std::size_t i = 0; i < kShownNeighbours; ++i) cells.push_back(neighbour_cell(tasks, row, others[i]));
    cells.push_back(neighbour_cell(tasks, row, others.back()));
    table.add(std::move(cells));
  }
  return table.text();
}

double dot(std::span<const float> x, std::span<const float> y) {
  return std::inner_product(x.begin(), x.end(), y.begin(), 0.0, std::plus<>(),
                            [](double a, double b) { return a * b; });
}

}  // namespace

std::vector<double> cosines(std::span<const float> vectors, std::int64_t rows) {
  const std::size_t size = vectors.size() / static_cast<std::size_t>(rows);
  const auto row = [&](std::int64_t i) { return vectors.subspan(static_cast<std::size_t>(i) * size, size); };
  std::vector<double> matrix;
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < rows; ++j) {
      matrix.push_back(dot(row(i), row(j)) / std::sqrt(dot(row(i), row(i)) * dot(row(j), row(j))));
    }
  }
  return matrix;
}

Json six_decimals(double number) { return std::isnan(number) ? Json(nullptr) : Json(std::round(number * 1e6) / 1e6); }

Json similarity_json(const std::vector<double>& matrix, std::size_t tasks) {
  Json rows = Json::array();
  for (std::size_t t = 0; t < tasks; ++t) {
    Json& row = rows.emplace_back(Json::array());
    for (std::size_t u = 0; u < tasks; ++u) row.push_back(six_decimals(matrix[t * tasks + u]));
  }
  return rows;
}

std::string task_similarity_text(const Json& tasks, const Json& matrix) {
  return tasks.size() <= kMatrixTasks ? matrix_text("tasks", tasks, matrix) : neighbour_text(tasks, matrix);
}

}  // namespace phatgoose
