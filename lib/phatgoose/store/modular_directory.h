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

#include "phatgoose/store/modular_files.h"
#include "phatgoose/store/modular_method.h"
#include "phatgoose/store/t5_config.h"

namespace phatgoose {

class ModularDirectory {
 public:
  /// Opens and validates; NaN and infinite values, shapes that do not fit together, settings of PEFT's Poly that
  /// cannot be represented, and a manifest that says something else than the files are bad_data. Without a manifest
  /// (PEFT's own directory) the tasks are called "0", "1", ... With `check_values` false the factors' data are not
  /// read; those of the logits always are. Whoever checks the values is also told, in the log, what is odd about the
  /// adapter: settings that PEFT does not know, factors that are zero everywhere.
  static ModularDirectory open(const fs::path& directory, bool check_values = true);

  const fs::path& path() const { return path_; }
  /// From the manifest, or else the directory's own.
  const std::string& name() const { return name_; }
  const ModularShape& shape() const { return stored_.shape; }
  /// By row of the logits; without routing, those it was trained on, where that is known.
  const std::vector<std::string>& tasks() const { return tasks_; }
  /// Number of a task; nothing where it is not among them.
  std::optional<std::int64_t> task_number(const std::string& task) const;
  const std::map<std::string, ModularEntry>& entries() const { return stored_.entries; }  ///< by module path
  /// Fingerprint of the base it was trained on, where the manifest says so.
  const std::optional<std::string>& base_fingerprint() const { return base_fingerprint_; }
  /// adapter_model.safetensors, PEFT's older adapter_model.bin, or leaves.safetensors.
  const fs::path& tensor_file() const { return stored_.path; }
  /// Content hash of that file; it is read each time.
  std::string hash() const;

  /// Checks every module path and shape against the linears of a base, that no module lacks factors that PEFT's
  /// settings promise for it, and the fingerprint where both sides have one: bad_data.
  void check_base(const T5Config& config, const std::string& fingerprint) const;

 private:
  ModularDirectory() = default;

  void say_oddities() const;
  void check_complete(const T5Config& config) const;

  fs::path path_;
  std::string name_;
  std::vector<std::string> tasks_;
  std::optional<std::string> base_fingerprint_;
  ModularFiles stored_;
};

/// Whether the directory says that it holds a modular adapter: by its manifest, or without one as PEFT's Poly.
bool is_modular_directory(const fs::path& directory);

/// Refuses such a directory where one LoRA is wanted, with the command that writes the LoRA of a task: bad_data.
[[noreturn]] void refuse_modular(const fs::path& directory);

/// One linear to be written: contiguous fp32, valid during the call. Without routing, `logits` is null.
struct ModularTensors {
  std::string path;
  std::int64_t in, out;
  const float *a, *b, *logits;
};

/// Writes the tensors, and PEFT's adapter_config.json for poly and mhr, but no manifest; returns the names of the
/// files. The logits are [tasks, ModularShape::logits()]. `base_linears` are the paths of all linears of the base.
std::vector<std::string> write_modular(const fs::path& directory, const ModularShape& shape, std::int64_t tasks,
                                       const std::vector<ModularTensors>& linears, const std::string& base_name,
                                       const std::vector<std::string>& base_linears);

}  // namespace phatgoose
