// What turns gradients into updates: the interface of an optimiser, and what all have in common.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace phatgoose {

/// Something that training changes: a leaf tensor, or some rows of one (a fused weight holds several linears).
struct Parameter {
  std::string name;
  at::Tensor leaf;             ///< fp32, contiguous, requires grad
  std::int64_t first_row = 0;  ///< rows [first_row, first_row + rows) of the leaf; rows 0 means the whole leaf
  std::int64_t rows = 0;
  double lr_scale = 1.0;  ///< its learning rate is lr_scale times the schedule's
  bool decays = true;     ///< whether there is weight decay, where the optimiser has some

  at::Tensor value() const;     ///< a view without gradient history
  at::Tensor gradient() const;  ///< a view of the leaf's gradient, which must exist
};

class Optimizer {
 public:
  /// At least one parameter, all on one device.
  explicit Optimizer(std::vector<Parameter> parameters);
  virtual ~Optimizer() = default;
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  const std::vector<Parameter>& parameters() const { return parameters_; }
  at::Device device() const { return parameters_.front().leaf.device(); }
  /// Updates done so far.
  std::int64_t updates() const { return updates_; }
  void set_updates(std::int64_t updates) { updates_ = updates; }

  /// Every leaf gets a gradient of zeros, so that one which the loss does not reach is still updated.
  void zero_gradients();
  /// Scales all gradients so that their joint Euclidean norm is at most `max_norm` (0: no limit). Returns the norm
  /// before.
  double clip_gradients(double max_norm);
  /// One update with learning rate `lr`. Rate 0 still updates the state.
  void update(double lr);

  /// What the next update depends on besides parameters and updates(): tensors of any shape, fp32, under names that are
  /// the same in every run. Writing into them and set_updates() restore a state.
  virtual std::vector<std::pair<std::string, at::Tensor>> state() const = 0;

 protected:
  /// What parameters are updated together by.
  struct Group {
    double lr_scale;
    bool decays;
    auto operator<=>(const Group&) const = default;
  };
  /// Indices of their parameters.
  using Groups = std::map<Group, std::vector<std::size_t>>;

 private:
  /// Applies update number updates(), without gradient history.
  virtual void apply(const Groups& groups, double lr) = 0;

  std::vector<Parameter> parameters_;
  Groups groups_;
  std::int64_t updates_ = 0;
};

}  // namespace phatgoose
