// An expert on disk: a PEFT LoRA directory, plus gate.safetensors once its gate is trained, plus our manifest.json.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "phatgoose/store/named_directory.h"
#include "phatgoose/store/t5_config.h"
#include "phatgoose/store/tensor_archive.h"

namespace phatgoose {

class PeftConfig;

/// LoRA factors of one linear.
struct LoraEntry {
  std::int64_t rank;
  double scale;  ///< c_e: alpha / R, or alpha / sqrt(R) for rsLoRA
  TensorView a;  ///< [R, in]
  TensorView b;  ///< [out, R]

  /// Lets the kernel drop the pages of the factors once they have been copied elsewhere.
  void release() const;
};

/// The LoRA of a model by module path, in lexicographic order: what is known of an expert wherever its updates are
/// merged, folded or routed.
using LoraMap = std::map<std::string, LoraEntry>;

/// One vector [in] for each linear that an expert adapts, from a file next to its adapter: trained gates, or what
/// another router compares tokens with. Tensor data stays mapped while a copy of this lives.
struct LinearVectors {
  std::map<std::string, TensorView> by_path;    ///< by module path; empty without a file
  std::map<std::string, std::string> metadata;  ///< where they come from
  std::shared_ptr<TensorArchive> file;
};

/// Everything read from an expert directory; tensor data stays mapped.
class ExpertDirectory {
 public:
  /// Opens and validates adapter_config.json and adapter_model.safetensors (or PEFT's older adapter_model.bin), and
  /// gate.safetensors where there is one: a gate for each adapted linear and no other. Anything that LoRA here cannot
  /// represent (DoRA, biases, modules_to_save, other adapter kinds) is refused with the reason; so are NaN and infinite
  /// values, unless `check_values` is false, which spares reading the data. Whoever checks the values is also told, in
  /// the log, what is odd about the expert: settings that PEFT does not know, an update that is zero everywhere.
  static ExpertDirectory open(const fs::path& directory, bool check_values = true);
  /// The same, called as `directory` says.
  static ExpertDirectory open(const NamedDirectory& directory, bool check_values = true);

  const fs::path& path() const { return path_; }
  /// As it was opened by; otherwise from the manifest, or else the directory's own name.
  const std::string& name() const { return name_; }
  const LoraMap& loras() const { return loras_; }
  bool has_gate() const { return !gates_.by_path.empty(); }
  /// Gate vectors v_e [in], by module path. Empty without a gate.
  const std::map<std::string, TensorView>& gates() const { return gates_.by_path; }
  /// The vectors of another such file in the directory, held to the same; none where the file is not there.
  LinearVectors vectors(const std::string& file, bool check_values = true) const;
  /// Fingerprint of the base the expert was trained on, where the manifest says so.
  const std::optional<std::string>& base_fingerprint() const { return base_fingerprint_; }
  /// adapter_model.safetensors, or adapter_model.bin.
  const fs::path& adapter_file() const { return adapter_path_; }
  /// Content hashes of the adapter's file and of gate.safetensors (empty without a gate); the files are read each time.
  std::string adapter_hash() const;
  std::string gate_hash() const;
  /// The same of any file in the directory.
  std::string file_hash(const std::string& file) const;

  /// The modules of a base of configuration `config` for which the file has no factors although adapter_config.json has
  /// PEFT adapt them: where there are any, the expert is partial.
  std::vector<std::string> missing(const T5Config& config) const;

  /// Checks every module path and shape against the linears of a base: bad_data.
  void check_linears(const std::vector<LinearGroupSpec>& groups) const;
  /// The same for a base of configuration `config`, that the expert is not partial unless `allow_partial`, and
  /// the fingerprint where both sides have one: bad_data.
  void check_base(const T5Config& config, const std::string& fingerprint, bool allow_partial = false) const;

 private:
  ExpertDirectory() = default;

  void say_oddities() const;
  void check_complete(const T5Config& config, bool allow_partial) const;

  fs::path path_;
  std::string name_;
  LoraMap loras_;
  std::optional<std::string> base_fingerprint_;
  fs::path adapter_path_;
  std::shared_ptr<TensorArchive> adapter_file_;
  LinearVectors gates_;
  std::shared_ptr<const PeftConfig> config_;
  std::string model_path_;  ///< of the base within the model that PEFT adapted; empty where that was the base itself
  bool speaks_ = false;     ///< whether what is odd goes into the log
};

/// Their LoRAs, which live as long as `experts`.
std::vector<const LoraMap*> loras_of(std::span<const ExpertDirectory> experts);

/// Refuses experts whose factors have no mean (METHODS 4: merged, factors; mixed parameters) as their ranks, scales or
/// adapted linears differ, naming two of them and what differs: bad_data.
void check_alike(std::span<const ExpertDirectory> experts);

/// One linear's trained factors, to be written: contiguous, and valid during the call.
struct LoraTensors {
  std::string path;
  std::int64_t in, out, rank;
  const void* a;  ///< [R, in]
  const void* b;  ///< [out, R]
  DType dtype = DType::f32;
};

/// Writes adapter_config.json and adapter_model.safetensors so that PEFT loads them. `alpha` in PEFT's meaning: every
/// scale is alpha / rank. Ranks may differ. `base_linears` are the paths of all linears of the base; without them, the
/// base is taken for the smallest one that has these.
void write_adapter(const fs::path& directory, const std::vector<LoraTensors>& loras, double alpha,
                   const std::string& base_name, const std::vector<std::string>& base_linears = {});

/// One gate vector, to be written as gate.safetensors.
struct GateTensor {
  std::string path;
  std::int64_t in;
  const float* v;  ///< [in]
};

void write_gate(const fs::path& directory, const std::vector<GateTensor>& gates);

}  // namespace phatgoose
