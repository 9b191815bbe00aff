#include "phatgoose/report/routes.h"

#include <fmt/format.h>

#include <cmath>
#include <numeric>
#include <set>

#include "phatgoose/base/error.h"
#include "phatgoose/base/json.h"
#include "phatgoose/store/task_moe_directory.h"

namespace phatgoose {
namespace {

constexpr double kSumTolerance = 1e-3;  // of numbers that were written with few decimals

void check_route_keys(const Json& json) {
  if (!json.is_object()) refuse_here(json.type_name(), R"({"layers": ..., "copies": ..., "tasks": ...})");
  for (const auto& [key, value] : json.items()) {
    if (key != "layers" && key != "copies" && key != "tasks")
      refuse_here("the key \"" + key + "\"", "layers, copies, tasks");
  }
}

/// Appends the numbers of one layer.
void take_layer(const Json& layer, std::int64_t copies, std::vector<double>& shares) {
  if (!layer.is_array() || std::ssize(layer) != copies) {
    refuse_here(layer.is_array() ? fmt::format("{} numbers", layer.size()) : std::string(layer.type_name()),
                fmt::format("{} numbers, one for each copy", copies));
  }
  double sum = 0;
  for (const Json& share : layer) {
    const double value = share.is_number() ? share.get<double>() : NAN;
    if (!(value >= 0 && value <= 1)) refuse_here(share.dump(), "a number from 0 to 1");
    shares.push_back(value);
    sum += value;
  }
  if (std::abs(sum - 1) > kSumTolerance) refuse_here(fmt::format("numbers that add up to {:.6g}", sum), "1");
}

Routes parse_routes(const Json& json) {
  check_route_keys(json);
  Routes routes{.layers = json_get<std::vector<std::string>>(json, "layers"),
                .tasks = {},
                .copies = json_size(json, "copies"),
                .shares = {}};
  if (routes.layers.empty()) refuse_here("no layers", "the name of every layer");
  const Json tasks = json_get<Json>(json, "tasks");
  if (!tasks.is_object() || tasks.size() < 2) refuse_here("fewer than two tasks", "the routes of two or more");
  for (const auto& [task, layers] : tasks.items()) {
    if (!layers.is_array() || layers.size() != routes.layers.size()) {
      refuse_here(fmt::format("task {}: {} layers", task, layers.size()), std::to_string(routes.layers.size()));
    }
    for (std::size_t layer = 0; layer < layers.size(); ++layer) {
      in(fmt::format("task {}, {}", task, routes.layers[layer]),
         [&] { take_layer(layers[layer], routes.copies, routes.shares); });
    }
    routes.tasks.push_back(task);
  }
  return routes;
}

Routes routes_of(const TaskMoeDirectory& mixture) {
  const TaskMoeManifest& manifest = mixture.manifest();
  if (manifest.route_rows() < 2) {
    refuse(mixture.path(), fmt::format("one route for all tasks, of the router {}", name_of(manifest.shape.router)),
           "the routes of two tasks or more");
  }
  return {.layers = manifest.shape.layers,
          .tasks = manifest.tasks,
          .copies = manifest.shape.copies,
          .shares = {mixture.routes().begin(), mixture.routes().end()}};
}

}  // namespace

Routes read_routes(const fs::path& path) {
  if (fs::is_directory(path)) return routes_of(TaskMoeDirectory::open(path, /*check_values=*/false));
  return read_json(path.string(), parse_routes);
}

}  // namespace phatgoose
