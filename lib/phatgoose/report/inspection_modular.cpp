#include "phatgoose/report/inspection_modular.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <set>

#include "phatgoose/report/adapted_names.h"
#include "phatgoose/report/table_bands.h"
#include "phatgoose/store/mixing_weights.h"
#include "phatgoose/store/modular_directory.h"
#include "phatgoose/store/modular_manifest.h"

namespace phatgoose {
namespace {

/// So many tasks make a matrix of a screen or two; of more, each has a line with those that it is most like.
constexpr std::size_t kMatrixTasks = 40;
constexpr std::size_t kShownNeighbours = 3;

Json six_decimals(double number) { return std::isnan(number) ? Json(nullptr) : Json(std::round(number * 1e6) / 1e6); }

void describe_tensors(const ModularDirectory& adapter, Json& found) {
  std::set<std::string> dtypes;
  std::int64_t factors = 0, logits = 0;
  for (const auto& [path, entry] : adapter.entries()) {
    for (const TensorView* view : {&entry.a, &entry.b}) dtypes.insert(name_of(view->dtype));
    factors += count_of(entry.a.shape) + count_of(entry.b.shape);
    logits += count_of(entry.logits.shape);
  }
  found["adapts"] = adapted_names(adapter.entries());
  found["dtypes"] = dtypes;
  found["adapter_parameters"] = factors;
  found["routing_parameters"] = logits;
}

void describe_routing(const ModularDirectory& adapter, Json& found) {
  const std::vector<double> cosines = task_similarity(adapter);
  const std::size_t tasks = adapter.tasks().size();
  Json& matrix = found["task_similarity"] = Json::array();
  for (std::size_t t = 0; t < tasks; ++t) {
    Json& row = matrix.emplace_back(Json::array());
    for (std::size_t u = 0; u < tasks; ++u) row.push_back(six_decimals(cosines[t * tasks + u]));
  }
  Json& layers = found["layers"] = Json::array();
  for (const LayerSkills& layer : skills_by_layer(adapter)) {
    Json weights = Json::array();
    for (const double weight : layer.weights) weights.push_back(six_decimals(weight));
    layers.push_back(
        {{"layer", layer.layer}, {"effective_skills", six_decimals(layer.effective)}, {"weights", weights}});
  }
}

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

std::string layer_text(const Json& layers) {
  std::vector<std::string> header = {"layer", "used"};
  for (std::size_t s = 0; s < layers.front().at("weights").size(); ++s)
    header.push_back("skill " + std::to_string(s + 1));
  std::vector<std::size_t> numbers(header.size() - 1);
  std::iota(numbers.begin(), numbers.end(), 1);
  Table table(header, numbers);
  for (const Json& layer : layers) {
    std::vector<std::string> cells = {layer.at("layer").get<std::string>(),
                                      fmt::format("{:.2f}", layer.at("effective_skills").get<double>())};
    for (const Json& weight : layer.at("weights")) cells.push_back(fmt::format("{:.3f}", weight.get<double>()));
    table.add(std::move(cells));
  }
  return banded_text(table, 2);
}

}  // namespace

void describe_modular(const fs::path& directory, const Json& body, Json& found) {
  const ModularDirectory adapter = ModularDirectory::open(directory, /*check_values=*/false);
  found["name"] = adapter.name();
  found.update(to_json(adapter.shape()));
  found["base"] = body.contains("base") ? body["base"] : Json(nullptr);
  found["linears"] = adapter.entries().size();
  describe_tensors(adapter, found);
  found["tasks"] = adapter.tasks();
  if (has_routing(adapter.shape().method)) describe_routing(adapter, found);
}

std::string modular_text(const Json& found) {
  const Json &tasks = found.at("tasks"), &matrix = found.at("task_similarity");
  const bool small = tasks.size() <= kMatrixTasks;
  return (small ? matrix_text("tasks", tasks, matrix) : neighbour_text(tasks, matrix)) + "\n" +
         layer_text(found.at("layers"));
}

}  // namespace phatgoose
