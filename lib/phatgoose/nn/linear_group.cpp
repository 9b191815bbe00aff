#include "phatgoose/nn/linear_group.h"

#include <ATen/ATen.h>

namespace phatgoose {

LinearGroup::LinearGroup(LinearGroupSpec spec, at::Tensor weight) : spec_(std::move(spec)), weight_(std::move(weight)) {
  std::int64_t begin = 0;
  for (const LinearSpec& linear : spec_.linears) {
    begins_.push_back(begin);
    begin += linear.out;
  }
}

void LinearGroup::set_update(const at::Tensor& update) {
  updated_ = {};
  if (!update.defined()) return;
  const at::Tensor dense = weight_.dense();
  updated_ = FrozenWeight((dense.to(at::kFloat) + update).to(dense.scalar_type()));
  if (weight_.is_packed()) updated_.pack();
}

at::Tensor LinearGroup::forward(const at::Tensor& u, const Pass& pass) const {
  if (pass.base_alone) return weight_.forward(u);                       // [N, G]
  at::Tensor y = (updated_.defined() ? updated_ : weight_).forward(u);  // [N, G]
  return adapter_ ? adapter_->apply(u, y, pass) : y;
}

}  // namespace phatgoose
