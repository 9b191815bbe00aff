#include "phatgoose/task_moe/table_routes.h"

#include <ATen/ATen.h>

#include "phatgoose/base/error.h"

namespace phatgoose {
namespace {

/// The row of a table of so many for each row of a pass.
at::Tensor table_rows(const Pass& pass, std::int64_t count) {  // [rows] int64, CPU
  if (count == 1) return at::zeros({pass.packing.rows()}, at::kLong);
  if (!pass.rows.tasks.defined()) fail(ExitCode::bug, {.found = "rows without a task"});
  return pass.rows.tasks;
}

}  // namespace

at::Tensor one_hot_routes(const at::Tensor& routes) {
  return at::zeros_like(routes).scatter_(-1, routes.argmax(-1, /*keepdim=*/true), 1.0);
}

TableRoutes::TableRoutes(const at::Tensor& routes, at::Device device) {
  const at::Tensor on_cpu = routes.to(at::kCPU);
  weights_ = on_cpu.to(device);
  if (on_cpu.equal(one_hot_routes(on_cpu))) copies_ = on_cpu.argmax(-1);
}

RowRoutes TableRoutes::of(std::int64_t layer, const Pass& pass) const {
  const at::Tensor rows = table_rows(pass, weights_.size(0));
  if (copies_.defined()) return {.copies = copies_.select(1, layer).index_select(0, rows)};
  return {.weights = weights_.select(1, layer).index_select(0, rows.to(weights_.device()))};
}

}  // namespace phatgoose
