#include "phatgoose/nn/activation.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include "phatgoose/nn/cpu_kernels.h"

namespace phatgoose {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr std::int64_t kActivationRowsPerTask = 16;
bool has_fast_path(const at::Tensor& h) {
  return h.device().is_cpu() && h.scalar_type() == at::kFloat && h.is_contiguous();
}

class GatedGelu : public torch::autograd::Function<GatedGelu> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& h) {
    context->save_for_backward({h});
    const std::int64_t rows = h.size(0), size = h.size(1) / 2;
    if (!has_fast_path(h)) return at::gelu(h.narrow(1, 0, size), "tanh") * h.narrow(1, size, size);
    at::Tensor y = at::empty({rows, size}, h.options());  // [N, F]
    const float* in = h.const_data_ptr<float>();
    float* out = y.mutable_data_ptr<float>();
    at::parallel_for(0, rows, kActivationRowsPerTask, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i)
        cpu::gated_gelu_row(in + i * 2 * size, in + i * 2 * size + size, size, out + i * size);
    });
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const at::Tensor h = context->get_saved_variables()[0];
    const at::Tensor gradient = gradients[0].contiguous();
    const std::int64_t rows = h.size(0), size = h.size(1) / 2;
    if (!has_fast_path(h)) {
      const at::Tensor gate = h.narrow(1, 0, size), linear = h.narrow(1, size, size);
      return {at::cat({at::gelu_backward(gradient * linear, gate, "tanh"), gradient * at::gelu(gate, "tanh")}, 1)};
    }
    at::Tensor dh = at::empty_like(h);  // [N, 2F]
    const float *g = gradient.const_data_ptr<float>(), *in = h.const_data_ptr<float>();
    float* out = dh.mutable_data_ptr<float>();
    at::parallel_for(0, rows, kActivationRowsPerTask, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        const std::int64_t at = i * 2 * size;
        cpu::gated_gelu_gradient_row(g + i * size, in + at, in + at + size, size, out + at, out + at + size);
      }
    });
    return {dh};
  }
};

}  // namespace

at::Tensor feed_forward_activation(const at::Tensor& h, FeedForwardKind kind) {
  return kind == FeedForwardKind::gated_gelu ? GatedGelu::apply(h) : at::relu(h);
}

}  // namespace phatgoose
