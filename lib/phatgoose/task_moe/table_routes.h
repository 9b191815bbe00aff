// Routes that are known for every task, without noise (METHODS 8, at test time).
#pragma once

#include <ATen/core/Tensor.h>

#include "phatgoose/nn/layer_routes.h"

namespace phatgoose {

/// `routes` with 1 in the place of each largest weight (ties: the lower copy), 0 in all others.
at::Tensor one_hot_routes(const at::Tensor& routes);  // [..., m] -> [..., m]

/// Rows say their task by RowContext::tasks, its number among the rows of the table; a table of one row is for rows of
/// any task, or none. Where every route is one-hot, rows are computed by one copy each.
class TableRoutes : public LayerRoutes {
 public:
  /// `routes` [tasks, L, m] fp32, weights that add up to 1.
  TableRoutes(const at::Tensor& routes, at::Device device);

  RowRoutes of(std::int64_t layer, const Pass& pass) const override;

 private:
  at::Tensor weights_;  // [tasks, L, m], on the device
  at::Tensor copies_;   // [tasks, L] int64, CPU; undefined where some route is not one-hot
};

}  // namespace phatgoose
