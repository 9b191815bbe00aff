#include "phatgoose/report/inspection_task_moe.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "phatgoose/report/table_bands.h"
#include "phatgoose/store/safetensors.h"
#include "phatgoose/store/task_moe_directory.h"

namespace phatgoose {
namespace {

std::int64_t parameters_in(const fs::path& path) {
  std::int64_t count = 0;
  const SafetensorsFile file(path);
  for (const auto& [name, view] : file.tensors()) {
    if (name != "routes") count += count_of(view.shape);
  }
  return count;
}

Json routes_json(const TaskMoeDirectory& mixture) {
  const TaskMoeManifest& manifest = mixture.manifest();
  const float* weight = mixture.routes().data();
  Json rows = Json::array();
  for (std::int64_t row = 0; row < manifest.route_rows(); ++row) {
    Json& layers = rows.emplace_back(Json::array());
    for (std::int64_t layer = 0; layer < manifest.shape.layer_count(); ++layer) {
      Json& copies = layers.emplace_back(Json::array());
      for (std::int64_t copy = 0; copy < manifest.shape.copies; ++copy) {
        copies.push_back(std::round(*weight++ * 1e6) / 1e6);
      }
    }
  }
  return rows;
}

/// "encoder.block.11" -> "e11"
std::string short_layer(const std::string& path) { return path.substr(0, 1) + path.substr(path.rfind('.') + 1); }

/// "2 0.91": the copy of the largest weight.
std::string route_cell(const Json& weights) {
  const auto largest = std::max_element(weights.begin(), weights.end());
  return fmt::format("{} {:.2f}", largest - weights.begin(), largest->get<double>());
}

}  // namespace

void describe_task_moe(const fs::path& directory, const Json& body, Json& found) {
  const TaskMoeDirectory mixture = TaskMoeDirectory::open(directory, /*check_values=*/false);
  const TaskMoeManifest& manifest = mixture.manifest();
  found["name"] = manifest.name;
  found["base"] = body.at("base");
  found["copies"] = manifest.shape.copies;
  found["mixed_layers"] = manifest.shape.layers;
  found["router"] = name_of(manifest.shape.router);
  if (is_learned(manifest.shape.router)) {
    found["selection"] = name_of(manifest.selection);
    found["temperature"] = manifest.temperature;
    found["vector_method"] = manifest.vector_method;
    found["vector_size"] = manifest.shape.dimension;
  }
  found["copy_parameters"] = parameters_in(directory / kCopiesFile);
  found["router_parameters"] = parameters_in(directory / kTaskRouterFile);
  found["tasks"] = manifest.tasks;
  found["routes"] = routes_json(mixture);
}

std::string task_moe_text(const Json& found) {
  const Json &tasks = found.at("tasks"), &routes = found.at("routes");
  std::vector<std::string> header = {"route"};
  for (const Json& layer : found.at("mixed_layers")) header.push_back(short_layer(layer.get<std::string>()));
  Table table(header);
  for (std::size_t row = 0; row < routes.size(); ++row) {
    std::vector<std::string> cells = {routes.size() == tasks.size() ? tasks[row].get<std::string>() : "every task"};
    for (const Json& weights : routes[row]) cells.push_back(route_cell(weights));
    table.add(std::move(cells));
  }
  return banded_text(table, 1);
}

}  // namespace phatgoose
