// Writing a modular adapter: PEFT's two files, or leaves.
#include <set>

#include "phatgoose/base/error.h"
#include "phatgoose/store/modular_directory.h"
#include "phatgoose/store/peft_settings.h"
#include "phatgoose/store/safetensors.h"
#include "phatgoose/store/target_modules.h"

namespace phatgoose {
namespace {

/// The names of a linear's tensors in their file.
struct TensorNames {
  std::string a, b, logits;
};

TensorNames names_of(const ModularShape& shape, const std::string& path) {
  if (has_leaves(shape.method)) return {path + ".a", path + ".b", path + ".logits"};
  const std::string name = "base_model.model." + path;
  return {name + ".poly_lora_A", name + ".poly_lora_B", name + ".poly_router.module_logits"};
}

void check_writable(const ModularShape& shape, std::int64_t tasks, const std::vector<ModularTensors>& linears) {
  shape.check();
  if (linears.empty()) fail(ExitCode::bug, {.found = "an adapter of no linear"});
  if (has_routing(shape.method) && tasks < 1) fail(ExitCode::bug, {.found = "an adapter of no task"});
  for (const ModularTensors& linear : linears) {
    if (linear.in % shape.splits != 0 || linear.out % shape.splits != 0) {
      fail(ExitCode::bug, {.where = linear.path, .found = "splits that do not divide the linear"});
    }
  }
}

std::vector<NamedTensor> tensors_of(const ModularShape& shape, std::int64_t tasks,
                                    const std::vector<ModularTensors>& linears) {
  std::vector<NamedTensor> tensors;
  for (const ModularTensors& linear : linears) {
    const TensorNames names = names_of(shape, linear.path);
    tensors.push_back(named_tensor(names.a, DType::f32, shape.a_shape(linear.in), linear.a));
    tensors.push_back(named_tensor(names.b, DType::f32, shape.b_shape(linear.out), linear.b));
    if (!has_routing(shape.method)) continue;
    tensors.push_back(named_tensor(names.logits, DType::f32, {tasks, shape.logits()}, linear.logits));
  }
  return tensors;
}

}  // namespace

std::vector<std::string> write_modular(const fs::path& directory, const ModularShape& shape, std::int64_t tasks,
                                       const std::vector<ModularTensors>& linears, const std::string& base_name,
                                       const std::vector<std::string>& base_linears) {
  in(directory, [&] { check_writable(shape, tasks, linears); });
  const bool leaves = has_leaves(shape.method);
  const char* file = leaves ? kLeavesFile : kPeftAdapterFile;
  make_directories(directory);
  write_safetensors(directory / file, tensors_of(shape, tasks, linears), {{"format", "pt"}});
  if (leaves) return {file};
  std::set<std::string> paths;
  for (const ModularTensors& linear : linears) paths.insert(linear.path);
  const Json config = poly_config_json(shape, tasks, base_name, target_modules(paths, base_linears));
  write_file(directory / kPeftConfigFile, config.dump(2) + "\n");
  return {kPeftConfigFile, file};
}

}  // namespace phatgoose
