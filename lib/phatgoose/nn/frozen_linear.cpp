#include "phatgoose/nn/frozen_linear.h"

#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/csrc/autograd/custom_function.h>

namespace phatgoose {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

using LinearPointwise = at::Tensor(const at::Tensor&, const at::Tensor&, const std::optional<at::Tensor>&,
                                   std::string_view, c10::List<std::optional<at::Scalar>>,
                                   std::optional<std::string_view>);
using ReorderWeight = at::Tensor(const at::Tensor&, std::optional<std::int64_t>);

template <typename Signature>
std::optional<c10::TypedOperatorHandle<Signature>> find_operator(const char* name) {
  const auto handle = c10::Dispatcher::singleton().findSchema({name, ""});
  if (!handle) return std::nullopt;
  return handle->typed<Signature>();
}

/// oneDNN's linear and its weight layout; absent from builds of LibTorch without oneDNN.
struct OneDnn {
  std::optional<c10::TypedOperatorHandle<LinearPointwise>> linear =
      find_operator<LinearPointwise>("mkldnn::_linear_pointwise");
  std::optional<c10::TypedOperatorHandle<ReorderWeight>> reorder =
      find_operator<ReorderWeight>("mkldnn::_reorder_linear_weight");

  static const OneDnn& instance() {
    static const OneDnn operators;
    return operators;
  }

  at::Tensor product(const at::Tensor& u, const at::Tensor& weight) const {
    return linear->call(u, weight, std::nullopt, "none", c10::List<std::optional<at::Scalar>>(), std::nullopt);
  }
};

bool suits_onednn(const at::Tensor& tensor) {
  return tensor.device().is_cpu() && tensor.scalar_type() == at::kFloat && OneDnn::instance().linear.has_value();
}

class FrozenLinear : public torch::autograd::Function<FrozenLinear> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& u, const at::Tensor& weight) {
    context->save_for_backward({weight});
    return linear_without_gradient(u, weight);
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const at::Tensor weight = context->get_saved_variables()[0];
    return {linear_without_gradient(gradients[0].contiguous(), weight.t()), {}};
  }
};

}  // namespace

at::Tensor linear_without_gradient(const at::Tensor& u, const at::Tensor& weight) {
  if (u.numel() == 0 || !suits_onednn(u) || !suits_onednn(weight)) return at::linear(u, weight);
  return OneDnn::instance().product(u, weight);
}

at::Tensor FrozenWeight::forward(const at::Tensor& u) const {
  if (packed_.defined()) {
    if (u.size(0) == 0) return at::empty({0, packed_.size(0)}, u.options());
    return OneDnn::instance().product(u, packed_);
  }
  return plain_.requires_grad() ? at::linear(u, plain_) : FrozenLinear::apply(u, plain_);
}

void FrozenWeight::pack() {
  if (is_packed() || plain_.requires_grad() || !suits_onednn(plain_) || !OneDnn::instance().reorder) return;
  packed_ = OneDnn::instance().reorder->call(plain_, std::nullopt);
  plain_.reset();
}

at::Tensor FrozenWeight::dense() const { return packed_.defined() ? packed_.to_dense() : plain_; }

}  // namespace phatgoose
