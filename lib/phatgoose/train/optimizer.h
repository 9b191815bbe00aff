// AdamW (Loshchilov & Hutter 2019) over named parameters, and the clipping of their gradients.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
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

  at::Tensor value() const;     ///< a view without gradient history
  at::Tensor gradient() const;  ///< a view of the leaf's gradient, which must exist
};

struct AdamWSettings {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0.0;
};

class AdamW {
 public:
  AdamW(std::vector<Parameter> parameters, const AdamWSettings& settings);

  const std::vector<Parameter>& parameters() const { return parameters_; }
  /// Updates done so far; the bias corrections follow from it.
  std::int64_t updates() const { return updates_; }
  void set_updates(std::int64_t updates) { updates_ = updates; }

  /// Every leaf gets a gradient of zeros, so that one which the loss does not reach still has a moment update.
  void zero_gradients();
  /// Scales all gradients so that their joint Euclidean norm is at most `max_norm` (0: no limit). Returns the norm
  /// before.
  double clip_gradients(double max_norm);
  /// One update with learning rate `lr`. Rate 0 still updates the moments.
  void update(double lr);

  /// First and second moments, "first_moment.NAME" and "second_moment.NAME"; writing into them restores a state.
  std::vector<std::pair<std::string, at::Tensor>> moments() const;

 private:
  std::vector<Parameter> parameters_;
  std::vector<at::Tensor> first_moments_, second_moments_;
  AdamWSettings settings_;
  std::int64_t updates_ = 0;
};

}  // namespace phatgoose
