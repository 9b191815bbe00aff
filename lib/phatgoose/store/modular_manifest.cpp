#include "phatgoose/store/modular_manifest.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

#include "phatgoose/base/error.h"
#include "phatgoose/store/manifest.h"

namespace phatgoose {
namespace {

ModularShape parse_shape(const Json& body) {
  const auto name = json_get<std::string>(body, "method");
  const auto method = modular_method_named(name);
  if (!method) refuse_here("method \"" + name + "\"", fmt::format("{}", fmt::join(modular_method_names(), ", ")));
  const ModularShape shape{.method = *method,
                           .rank = json_get<std::int64_t>(body, "rank"),
                           .skills = json_get<std::int64_t>(body, "skills"),
                           .splits = json_get<std::int64_t>(body, "splits"),
                           .order = json_get<std::int64_t>(body, "order")};
  shape.check();
  return shape;
}

std::vector<std::string> parse_tasks(const Json& body, ModularMethod method) {
  auto tasks = json_get<std::vector<std::string>>(body, "tasks");
  if (tasks.empty() && has_routing(method)) refuse_here("no tasks", "the name of every row of the logits");
  std::set<std::string> seen;
  for (const std::string& task : tasks) {
    if (task.empty()) refuse_here("a task without a name", "the name of every task");
    if (!seen.insert(task).second) refuse_here("a second task named \"" + task + "\"", "unique names");
  }
  return tasks;
}

}  // namespace

std::optional<ModularManifest> read_modular_manifest(const fs::path& directory) {
  const auto manifest = read_manifest(directory, kModularKind);
  if (!manifest) return std::nullopt;
  return in(directory / "manifest.json", [&] {
    ModularManifest read{.name = json_get<std::string>(manifest->body, "name"), .shape = parse_shape(manifest->body)};
    read.tasks = parse_tasks(manifest->body, read.shape.method);
    const Json base = json_get<Json>(manifest->body, "base");
    read.base_fingerprint = in("base", [&] { return json_get<std::string>(base, "fingerprint"); });
    return read;
  });
}

Json to_json(const ModularShape& shape) {
  return {{"method", name_of(shape.method)},
          {"rank", shape.rank},
          {"skills", shape.skills},
          {"splits", shape.splits},
          {"order", shape.order}};
}

}  // namespace phatgoose
