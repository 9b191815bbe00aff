#include "phatgoose/nn/linear_group.h"

namespace phatgoose {

LinearGroup::LinearGroup(LinearGroupSpec spec, at::Tensor weight) : spec_(std::move(spec)), weight_(std::move(weight)) {
  std::int64_t begin = 0;
  for (const LinearSpec& linear : spec_.linears) {
    begins_.push_back(begin);
    begin += linear.out;
  }
}

at::Tensor LinearGroup::forward(const at::Tensor& u, const Pass& pass) const {
  at::Tensor y = weight_.forward(u);  // [N, G]
  return adapter_ ? adapter_->apply(u, y, pass) : y;
}

}  // namespace phatgoose
