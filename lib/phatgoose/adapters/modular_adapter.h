// Adds to a linear group the LoRA that each row's task is mixed for.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "phatgoose/adapters/modular_group.h"
#include "phatgoose/nn/adapter.h"

namespace phatgoose {

/// What all groups know of the training step that is under way.
struct ModularStep {
  bool open = false;
  bool noise = false;  ///< every row draws its own relaxed Bernoulli weights (METHODS 7)
  std::uint64_t seed = 0, step = 0;
};

/// Rows say their task by RowContext::tasks, which must be known unless there is only one, and with noise their place
/// by RowContext::places. Mixtures are built once: for a training step that is open, in which several passes share them
/// and gather their gradients until finish_step() takes these to the group's tensors; without gradients, until a pass
/// has other tasks or the tensors change.
class ModularAdapter : public Adapter {
 public:
  ModularAdapter(std::shared_ptr<const ModularGroup> group, std::shared_ptr<const ModularStep> step)
      : group_(std::move(group)), step_(std::move(step)) {}

  at::Tensor apply(const at::Tensor& u, const at::Tensor& y, const Pass& pass) const override;  // [N, G]

  /// Forgets the mixtures that there are.
  void begin_step();
  /// Takes the gradients of the step's mixtures on to the group's tensors.
  void finish_step();
  /// How many mixtures were built so far.
  std::int64_t built() const { return built_count_; }

 private:
  /// A task, and with noise the place of the row that draws it; else -1.
  using Key = std::pair<std::int64_t, std::int64_t>;
  /// Of one mixture.
  struct Factors {
    at::Tensor a;  ///< [M R, in]
    at::Tensor b;  ///< [M out R]
  };
  /// Mixtures that were built together, and the leaves that stand for them in the passes of a step.
  struct Built {
    MixedFactors mixed;
    std::vector<Factors> leaves;
  };

  std::vector<Key> keys_of(const Pass& pass) const;  // of every row
  std::vector<Factors> factors_of(const std::vector<Key>& distinct) const;
  std::vector<Factors> build(const std::vector<Key>& keys) const;
  at::Tensor logits_of(const std::vector<Key>& keys) const;      // [M, K, L]
  at::Tensor uniform_noise(const std::vector<Key>& keys) const;  // [M, K, L]
  void forget_old_mixtures() const;

  std::shared_ptr<const ModularGroup> group_;
  std::shared_ptr<const ModularStep> step_;
  mutable std::map<Key, Factors> kept_;
  mutable std::vector<Built> of_step_;
  mutable std::uint64_t kept_version_ = 0;  // of the group's tensors
  mutable std::int64_t built_count_ = 0;
};

}  // namespace phatgoose
