// Which copies of a layer compute the rows of a pass (METHODS 8).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "phatgoose/nn/pass.h"

namespace phatgoose {

/// Of one mixed layer: one of the two is defined.
struct RowRoutes {
  at::Tensor weights = {};  ///< [rows, m] fp32 on the model's device: every copy computes every row; differentiable
  at::Tensor copies = {};   ///< [rows] int64, CPU: one copy computes each row, with weight 1
};

/// Says it for all mixed layers of a model, by what a pass knows of its rows.
class LayerRoutes {
 public:
  virtual ~LayerRoutes() = default;

  /// `layer` counts the mixed layers. Layers that are asked for the same rows, those of a decoder for the rows of their
  /// sources included, are all answered with weights, or all with copies.
  virtual RowRoutes of(std::int64_t layer, const Pass& pass) const = 0;
};

}  // namespace phatgoose
