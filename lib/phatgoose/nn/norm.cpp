#include "phatgoose/nn/norm.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include "phatgoose/nn/cpu_kernels.h"

namespace phatgoose {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr std::int64_t kNormRowsPerTask = 32;

bool has_fast_path(const at::Tensor& x, const at::Tensor& weight) {
  return x.device().is_cpu() && x.scalar_type() == at::kFloat && weight.scalar_type() == at::kFloat &&
         x.is_contiguous() && weight.is_contiguous();
}

at::Tensor reciprocal_rms(const at::Tensor& x, double epsilon) {
  return at::rsqrt(x.to(at::kFloat).pow(2).mean(-1, true) + epsilon);  // [N, 1]
}

std::pair<at::Tensor, at::Tensor> forward_fast(const at::Tensor& x, const at::Tensor& weight, double epsilon) {
  const std::int64_t rows = x.size(0), size = x.size(1);
  at::Tensor y = at::empty_like(x), rstd = at::empty({rows, 1}, x.options());
  const float *in = x.const_data_ptr<float>(), *w = weight.const_data_ptr<float>();
  float *out = y.mutable_data_ptr<float>(), *r = rstd.mutable_data_ptr<float>();
  at::parallel_for(0, rows, kNormRowsPerTask, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      r[i] = cpu::rms_norm_row(in + i * size, w, static_cast<float>(epsilon), size, out + i * size);
    }
  });
  return {y, rstd};
}

at::Tensor backward_fast(const at::Tensor& gradient, const at::Tensor& x, const at::Tensor& weight,
                         const at::Tensor& rstd) {
  const std::int64_t rows = x.size(0), size = x.size(1);
  at::Tensor dx = at::empty_like(x);
  const float *g = gradient.const_data_ptr<float>(), *in = x.const_data_ptr<float>(),
              *w = weight.const_data_ptr<float>();
  const float* r = rstd.const_data_ptr<float>();
  float* out = dx.mutable_data_ptr<float>();
  at::parallel_for(0, rows, kNormRowsPerTask, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t at = i * size;
      cpu::rms_norm_gradient_row(g + at, w, in + at, r[i], size, out + at);
    }
  });
  return dx;
}

class RmsNorm : public torch::autograd::Function<RmsNorm> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight, double epsilon) {
    at::Tensor y, rstd;
    if (has_fast_path(x, weight)) {
      std::tie(y, rstd) = forward_fast(x, weight, epsilon);
    } else {
      rstd = reciprocal_rms(x, epsilon);
      y = weight * (x * rstd).to(weight.scalar_type());
    }
    context->save_for_backward({x, weight, rstd});
    return y;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &x = saved[0], &weight = saved[1], &rstd = saved[2];
    at::Tensor dx, dweight;
    if (context->needs_input_grad(0)) {
      const at::Tensor gradient = gradients[0].contiguous();
      if (has_fast_path(x, weight)) {
        dx = backward_fast(gradient, x, weight, rstd);
      } else {
        const at::Tensor weighted = (gradient * weight).to(at::kFloat);
        const at::Tensor normed = x.to(at::kFloat) * rstd;
        dx = (rstd * (weighted - normed * (weighted * normed).mean(-1, true))).to(x.scalar_type());
      }
    }
    if (context->needs_input_grad(1)) dweight = (gradients[0] * (x * rstd)).sum(0).to(weight.scalar_type());
    return {dx, dweight, {}};
  }
};

}  // namespace

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double epsilon) {
  return RmsNorm::apply(x, weight, epsilon);
}

}  // namespace phatgoose
