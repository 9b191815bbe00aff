// A modular multi-task adapter in memory (METHODS 6, 7): TLoRA, TensorPoly-I and -II, Poly, MHR.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "phatgoose/adapters/adapter_set.h"
#include "phatgoose/adapters/modular_adapter.h"
#include "phatgoose/store/modular_directory.h"

namespace phatgoose {

/// Where training begins.
enum class ModularInit {
  identity,  ///< with the base itself: what makes B is 0 (of leaves, those of one order)
  paper,     ///< the same for poly and mhr; leaves of both sides at random
};

/// The routing of a task that none was trained for.
enum class NewTask {
  uniform,  ///< logits 0: every skill weighs the same
  mean,     ///< the mean of the logits of all tasks
};

/// All tensors are fp32 leaves on one device.
class ModularParameters : public AdapterSet {
 public:
  /// Of every linear. A and the leaves are uniform: U(-g, g), g = sqrt(2 / 6) / sqrt(in), those of TensorPoly-II U(-x,
  /// x), x = sqrt(6 / ((S + O) R q)); logits U(-1e-3, 1e-3). A pure function of (seed, module path).
  static ModularParameters initial(const std::vector<LinearGroupSpec>& groups, const ModularShape& shape,
                                   std::int64_t tasks, ModularInit init, std::uint64_t seed, at::Device device);
  /// Linears that are not stored are not adapted. The directory must fit the base (ModularDirectory::check_base).
  static ModularParameters load(const ModularDirectory& directory, const std::vector<LinearGroupSpec>& groups,
                                at::Device device);

  const ModularShape& shape() const { return shape_; }
  std::int64_t tasks() const { return tasks_; }

  /// Adds logits of a new task; its number. Without routing nothing is added, and the number means nothing.
  std::int64_t add_task(NewTask task);
  /// Drops the logits of all other tasks; this one is number 0 then.
  void keep_task(std::int64_t task);

  /// Sets what gradients are computed for. Nothing is trainable at first.
  void set_trainable(bool adapters, bool routing);
  std::vector<NamedParameter> trainable() const override;

  /// The adapters that attach() puts on a model share what follows. They ask rows for their tasks (ModularAdapter).
  void attach(T5Model& model) const override;

  /// Around the passes of a training step; with `noise` rows draw their weights.
  void begin_step(std::uint64_t seed, std::uint64_t step, bool noise) const;
  void end_step() const;

  /// Of task number `task`, which is needed where there are several.
  std::vector<LinearLora> lora(std::optional<std::int64_t> task = std::nullopt) const override;

  /// write_modular(); always fp32.
  std::vector<std::string> save_adapter(const fs::path& directory, const std::string& base_name,
                                        at::ScalarType dtype = at::kFloat) const override;

  /// Those of which some linear is adapted.
  const std::vector<std::shared_ptr<ModularGroup>>& groups() const { return groups_; }

 private:
  /// With `stored` of the linears that it has, or else of all.
  ModularParameters(const std::vector<LinearGroupSpec>& groups, const ModularShape& shape, std::int64_t tasks,
                    at::Device device, const ModularDirectory* stored = nullptr);

  ModularShape shape_;
  std::int64_t tasks_;
  std::vector<std::string> linears_;  // paths of all linears of the model
  std::vector<std::shared_ptr<ModularGroup>> groups_;
  std::vector<std::size_t> places_;  // of the groups among the model's
  std::vector<std::shared_ptr<ModularAdapter>> adapters_;
  std::shared_ptr<ModularStep> step_;
};

}  // namespace phatgoose
