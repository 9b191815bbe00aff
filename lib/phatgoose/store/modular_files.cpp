#include "phatgoose/store/modular_files.h"

#include <array>
#include <optional>

#include "phatgoose/base/error.h"
#include "phatgoose/base/json.h"
#include "phatgoose/store/adapter_files.h"
#include "phatgoose/store/factor_names.h"
#include "phatgoose/store/peft_settings.h"
#include "phatgoose/store/safetensors.h"

namespace phatgoose {
namespace {

using PartNames = std::array<const char*, 3>;  ///< by PolyPart
constexpr PartNames kPolyNames = {"poly_lora_A", "poly_lora_B", "poly_router.module_logits"};
constexpr PartNames kLeafNames = {"a", "b", "logits"};

/// One tensor while those of its linear are collected.
struct StoredPart {
  std::string name;
  const TensorView* view = nullptr;
};
using StoredParts = std::array<StoredPart, 3>;  ///< by PolyPart

/// What the tensors are collected into, by module path, and checked by.
struct Collection {
  const TensorArchive& file;
  bool check_values;
  PartNames names;
  std::map<std::string, StoredParts> linears{};

  void add(const std::string& path, PolyPart part, const std::string& name) {
    const bool is_factor = part != PolyPart::logits;
    check_tensor(file, name, is_factor ? 4 : 2, check_values || !is_factor);
    StoredPart& place = linears[path].at(static_cast<std::size_t>(part));
    if (place.view != nullptr) refuse(file.where(name), "a tensor that is stored twice", "one of each");
    place = {name, &file.at(name)};
  }
};

/// `source` is the file that says which shapes are expected.
void check_shape(const TensorArchive& file, const StoredPart& part, const Shape& expected, const char* source) {
  if (part.view->shape == expected) return;
  refuse(file.where(part.name), "shape " + to_string(part.view->shape),
         to_string(expected) + " by the sizes in " + source);
}

ModularEntry checked_entry(const StoredParts& parts, const ModularFiles& files, const char* source) {
  const ModularShape& shape = files.shape;
  const auto& [a, b, logits] = parts;
  const std::int64_t blocks = has_leaves(shape.method) ? shape.order : shape.splits, out = b.view->shape[3];
  check_shape(*files.file, a,
              has_leaves(shape.method) ? Shape{blocks, shape.skills, shape.rank, a.view->shape[3]}
                                       : Shape{blocks, shape.skills, a.view->shape[2], shape.rank},
              source);
  check_shape(*files.file, b, {blocks, shape.skills, shape.rank, out}, source);
  ModularEntry entry{.a = *a.view, .b = *b.view};
  if (!has_routing(shape.method)) return entry;
  check_shape(*files.file, logits, {files.tasks, shape.logits()}, source);
  entry.logits = *logits.view;
  return entry;
}

/// Checks what was collected, and makes the entries of it.
void add_entries(const Collection& collection, ModularFiles& files, const char* source) {
  if (collection.linears.empty()) refuse(files.path.string(), "no tensors", "those of some linear");
  for (const auto& [path, parts] : collection.linears) {
    const std::string where = files.file->where(path);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const bool wanted = i != static_cast<std::size_t>(PolyPart::logits) || has_routing(files.shape.method);
      if (wanted && parts[i].view == nullptr) {
        refuse(where, std::string("no ") + collection.names[i], "both factors, and the logits of the tasks");
      }
      if (!wanted && parts[i].view != nullptr) {
        refuse(where, "logits", std::string("none: ") + name_of(files.shape.method) + " has no routing");
      }
    }
    files.entries.emplace(path, checked_entry(parts, files, source));
  }
}

std::optional<PolyPart> leaf_part(const std::string& name, std::size_t dot) {
  if (dot == std::string::npos || dot == 0) return std::nullopt;
  for (std::size_t i = 0; i < kLeafNames.size(); ++i) {
    if (name.compare(dot + 1, std::string::npos, kLeafNames[i]) == 0) return static_cast<PolyPart>(i);
  }
  return std::nullopt;
}

}  // namespace

void ModularEntry::release() const {
  for (const TensorView* view : {&a, &b, &logits}) MappedFile::release(view->bytes);
}

ModularFiles read_poly_files(const fs::path& directory, bool check_values) {
  ModularFiles files;
  files.config =
      read_json(directory / kPeftConfigFile, [](const Json& json) { return std::make_shared<PolyConfig>(json); });
  files.shape = files.config->shape();
  files.tasks = files.config->tasks();
  files.path = adapter_file_in(directory);
  files.file = open_archive(files.path);
  Collection collection{*files.file, check_values, kPolyNames};
  std::optional<PolyName> first;
  for (const auto& [name, view] : files.file->tensors()) {
    const auto part = parse_poly_name(name);
    if (!part) refuse(files.file->where(name), "a tensor that is not of a Poly layer", "only those of PEFT's Poly");
    if (!first) first = part;
    check_same_adapter(*first, *part, files.file->where(name));
    files.config->targets().check_adapted(part->model_path + part->path, files.file->where(name));
    collection.add(part->path, part->part, name);
  }
  if (first) files.model_path = first->model_path;
  add_entries(collection, files, kPeftConfigFile);
  return files;
}

ModularFiles read_leaf_files(const fs::path& directory, const ModularShape& shape, std::int64_t tasks,
                             bool check_values) {
  ModularFiles files{.shape = shape, .tasks = has_routing(shape.method) ? tasks : 0};
  files.path = directory / kLeavesFile;
  files.file = std::make_shared<SafetensorsFile>(files.path);
  Collection collection{*files.file, check_values, kLeafNames};
  for (const auto& [name, view] : files.file->tensors()) {
    const std::size_t dot = name.rfind('.');
    const auto part = leaf_part(name, dot);
    if (!part) refuse(files.file->where(name), "a tensor that is no leaf", "PATH.a, PATH.b and PATH.logits");
    collection.add(name.substr(0, dot), *part, name);
  }
  add_entries(collection, files, "manifest.json");
  return files;
}

}  // namespace phatgoose
