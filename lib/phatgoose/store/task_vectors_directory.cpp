#include "phatgoose/store/task_vectors_directory.h"

#include <fmt/format.h>

#include <set>

#include "phatgoose/base/error.h"
#include "phatgoose/store/float_values.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/safetensors.h"

namespace phatgoose {
namespace {

constexpr const char* kVectorsFile = "vectors.safetensors";
constexpr const char* kVectorsTensor = "vectors";
constexpr const char* kReductionFile = "reduction.safetensors";

Json recipe_json(const TaskVectorRecipe& recipe) {
  Json json = Json::object();
  if (recipe.encoder) json["encoder"] = {{"name", recipe.encoder->name}, {"fingerprint", recipe.encoder->fingerprint}};
  if (recipe.base) {
    json["max_input"] = recipe.base->max_input;
    json["dtype"] = recipe.base->dtype;
  }
  if (recipe.fisher) {
    json["max_target"] = recipe.fisher->max_target;
    json["adapter_size"] = recipe.fisher->adapter_size;
    json["adapter_seed"] = recipe.fisher->adapter_seed;
  }
  return json;
}

TaskVectorRecipe parse_recipe(const Json& json, const std::string& method) {
  TaskVectorRecipe recipe;
  if (method == kTextVectors && json.contains("encoder")) {
    const Json encoder = json_get<Json>(json, "encoder");
    recipe.encoder = in("encoder", [&] {
      return TaskVectorRecipe::Encoder{json_get<std::string>(encoder, "name"),
                                       json_get<std::string>(encoder, "fingerprint")};
    });
    return recipe;
  }
  recipe.base = {.max_input = json_size(json, "max_input"), .dtype = json_get<std::string>(json, "dtype")};
  if (recipe.base->dtype != "fp32" && recipe.base->dtype != "bf16") {
    refuse_here("dtype \"" + recipe.base->dtype + "\"", "fp32 or bf16");
  }
  if (method == kTextVectors) return recipe;
  recipe.fisher = {.max_target = json_size(json, "max_target"),
                   .adapter_size = json_size(json, "adapter_size"),
                   .adapter_seed = json_get<std::int64_t>(json, "adapter_seed")};
  return recipe;
}

std::vector<std::string> parse_task_names(const Json& body) {
  auto tasks = json_get<std::vector<std::string>>(body, "tasks");
  if (tasks.empty()) refuse_here("no tasks", "the name of every row of vectors");
  std::set<std::string> seen;
  for (const std::string& task : tasks) {
    if (task.empty()) refuse_here("a task without a name", "the name of every task");
    if (!seen.insert(task).second) refuse_here("a second task named \"" + task + "\"", "unique names");
  }
  return tasks;
}

TaskVectors parse_body(const Json& body) {
  TaskVectors vectors{.tasks = parse_task_names(body),
                      .method = json_get<std::string>(body, "method"),
                      .dimension = json_size(body, "dimension"),
                      .values = {},
                      .fingerprint = {},
                      .recipe = {}};
  if (vectors.method != kTextVectors && vectors.method != kFisherVectors) {
    refuse_here("method \"" + vectors.method + "\"", fmt::format("{} or {}", kTextVectors, kFisherVectors));
  }
  const Json base = json_get<Json>(body, "base"), settings = json_get<Json>(body, "settings");
  vectors.fingerprint = in("base", [&] { return json_get<std::string>(base, "fingerprint"); });
  vectors.recipe = in("settings", [&] { return parse_recipe(settings, vectors.method); });
  return vectors;
}

/// The tensor, which must be finite fp32 of this shape.
std::vector<float> read_tensor(const SafetensorsFile& file, const std::string& name, const Shape& shape) {
  const TensorView& view = file.at(name, shape);
  if (view.dtype != DType::f32) refuse(file.where(name), name_of(view.dtype), "F32");
  if (!all_finite(view)) refuse(file.where(name), "NaN or infinite values", "finite numbers");
  return float_values(view);
}

void check_tensors(const SafetensorsFile& file, const fs::path& path, std::size_t count) {
  if (file.tensors().size() == count) return;
  refuse(path, fmt::format("{} tensors", file.tensors().size()), std::to_string(count));
}

}  // namespace

TaskVectors read_task_vectors(const fs::path& directory) {
  const auto manifest = read_manifest(directory, kTaskVectorsKind);
  if (!manifest) {
    refuse(directory, "no manifest.json", "a finished directory of phatgoose task-vectors");
  }
  TaskVectors vectors = in(directory / "manifest.json", [&] { return parse_body(manifest->body); });
  const fs::path path = directory / kVectorsFile;
  const SafetensorsFile file(path);
  check_tensors(file, path, 1);
  vectors.values = read_tensor(file, kVectorsTensor, {std::ssize(vectors.tasks), vectors.dimension});
  return vectors;
}

TaskVectorReduction read_task_vector_reduction(const fs::path& directory, std::int64_t dimension) {
  const fs::path path = directory / kReductionFile;
  const SafetensorsFile file(path);
  check_tensors(file, path, 2);
  const Shape shape = file.at("mean").shape;
  if (shape.size() != 1) refuse(file.where("mean"), "shape " + to_string(shape), "[n]");
  return {.mean = read_tensor(file, "mean", shape),
          .components = read_tensor(file, "components", {dimension, shape[0]})};
}

void write_task_vectors(const fs::path& directory, const TaskVectors& vectors,
                        const std::optional<TaskVectorReduction>& reduction, const std::string& base,
                        const Json& facts) {
  Json body = {{"method", vectors.method},
               {"base", {{"path", base}, {"fingerprint", vectors.fingerprint}}},
               {"dimension", vectors.dimension},
               {"tasks", vectors.tasks},
               {"settings", recipe_json(vectors.recipe)}};
  body.update(facts);
  std::vector<std::string> files = {kVectorsFile};
  write_safetensors(directory / kVectorsFile,
                    {named_tensor(kVectorsTensor, DType::f32, {std::ssize(vectors.tasks), vectors.dimension},
                                  vectors.values.data())});
  if (reduction) {
    const std::int64_t size = std::ssize(reduction->mean);
    files.emplace_back(kReductionFile);
    write_safetensors(directory / kReductionFile, {named_tensor("mean", DType::f32, {size}, reduction->mean.data()),
                                                   named_tensor("components", DType::f32, {vectors.dimension, size},
                                                                reduction->components.data())});
  }
  write_manifest(directory, {.kind = kTaskVectorsKind, .body = body}, files);
}

}  // namespace phatgoose
