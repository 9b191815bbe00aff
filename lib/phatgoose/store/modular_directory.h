// A modular multi-task adapter on disk (METHODS 6, 7): what its tasks' LoRAs are mixed from, and how.
//
// Poly and MHR lie as PEFT's Poly: adapter_config.json and adapter_model.safetensors, which PEFT loads; conversely its
// directories are opened here. The others lie in leaves.safetensors: PATH.a, PATH.b and, with routing, PATH.logits for
// the module path of every adapted linear. manifest.json (kind "modular-adapter") names the tasks.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "phatgoose/base/json.h"
#include "phatgoose/store/modular_method.h"
#include "phatgoose/store/safetensors.h"
#include "phatgoose/store/t5_config.h"

namespace phatgoose {

constexpr const char* kModularKind = "modular-adapter";

/// What is stored of one linear.
struct ModularEntry {
  TensorView a;       ///< ModularShape::a_shape(in)
  TensorView b;       ///< ModularShape::b_shape(out)
  TensorView logits;  ///< [tasks, ModularShape::logits()]; no bytes without routing
};

class ModularDirectory {
 public:
  /// Opens and validates; NaN and infinite values, shapes that do not fit together, and settings of PEFT's Poly that
  /// cannot be represented are bad_data. Without a manifest (PEFT's own directory) the tasks are called "0", "1", ...
  static ModularDirectory open(const fs::path& directory);

  const fs::path& path() const { return path_; }
  /// Of the directory, for tables.
  const std::string& name() const { return name_; }
  const ModularShape& shape() const { return shape_; }
  /// By row of the logits; without routing, those it was trained on, where that is known.
  const std::vector<std::string>& tasks() const { return tasks_; }
  /// Number of a task; nothing where it is not among them.
  std::optional<std::int64_t> task_number(const std::string& task) const;
  const std::map<std::string, ModularEntry>& entries() const { return entries_; }  ///< by module path
  const std::optional<std::string>& base_fingerprint() const { return base_fingerprint_; }
  /// Content hash of the file of tensors; it is read each time.
  std::string hash() const;

  /// Checks every module path and shape against the linears of a base, and the fingerprint where both sides have one:
  /// bad_data.
  void check_base(const T5Config& config, const std::string& fingerprint) const;

 private:
  ModularDirectory() = default;

  fs::path path_, file_path_;
  std::string name_;
  ModularShape shape_;
  std::vector<std::string> tasks_;
  std::map<std::string, ModularEntry> entries_;
  std::optional<std::string> base_fingerprint_;
  std::shared_ptr<TensorArchive> file_;
};

/// One linear to be written: contiguous fp32, valid during the call. Without routing, `logits` is null.
struct ModularTensors {
  std::string path;
  std::int64_t in, out;
  const float *a, *b, *logits;
};

/// Writes the tensors, and PEFT's adapter_config.json for poly and mhr, but no manifest; returns the names of the
/// files. `base_linears` are the paths of all linears of the base.
std::vector<std::string> write_modular(const fs::path& directory, const ModularShape& shape, std::int64_t tasks,
                                       const std::vector<ModularTensors>& linears, const std::string& base_name,
                                       const std::vector<std::string>& base_linears);

}  // namespace phatgoose
