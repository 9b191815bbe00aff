#include "phatgoose/report/inspection_modular.h"

#include <fmt/format.h>

#include <numeric>
#include <set>

#include "phatgoose/report/adapted_names.h"
#include "phatgoose/report/table_bands.h"
#include "phatgoose/report/task_similarity.h"
#include "phatgoose/store/mixing_weights.h"
#include "phatgoose/store/modular_directory.h"
#include "phatgoose/store/modular_manifest.h"

namespace phatgoose {
namespace {

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
  found["task_similarity"] = similarity_json(task_similarity(adapter), adapter.tasks().size());
  Json& layers = found["layers"] = Json::array();
  for (const LayerSkills& layer : skills_by_layer(adapter)) {
    Json weights = Json::array();
    for (const double weight : layer.weights) weights.push_back(six_decimals(weight));
    layers.push_back(
        {{"layer", layer.layer}, {"effective_skills", six_decimals(layer.effective)}, {"weights", weights}});
  }
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

std::string layer_skills_text(const Json& layers) {
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

}  // namespace phatgoose
