#include "phatgoose/adapters/fisher_probe.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include "phatgoose/base/random.h"

namespace phatgoose {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr double kInitialDeviation = 0.02;

/// What the backward pass adds to.
struct SquareSums {
  at::Tensor down, up;
};

std::vector<std::int64_t> lengths_of(const Packing& packing) {
  std::vector<std::int64_t> lengths;
  for (std::int64_t row = 0; row < packing.rows(); ++row) lengths.push_back(packing.length(row));
  return lengths;
}

/// sum += the squares of left^T right.
void add_squares(const at::Tensor& sum, const at::Tensor& left, const at::Tensor& right) {
  sum.add_(at::mm(left.t(), right).to(at::kDouble).square_());
}

class ProbeFunction : public torch::autograd::Function<ProbeFunction> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& y, const at::Tensor& down, const at::Tensor& up,
                            const SquareSums& sums, const std::vector<std::int64_t>& lengths) {
    const at::Tensor a = at::mm(y.to(down.scalar_type()), down.t());  // [N, r]
    context->save_for_backward({y, down, up, a});
    context->saved_data["down_sum"] = sums.down;
    context->saved_data["up_sum"] = sums.up;
    context->saved_data["lengths"] = lengths;
    return y + at::mm(at::gelu(a), up.t()).to(y.scalar_type());  // [N, D]
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &down = saved[1], &up = saved[2], &a = saved[3];
    const at::Tensor y = saved[0].to(down.scalar_type()), g = gradients[0].to(down.scalar_type());  // [N, D]
    const at::Tensor h = at::gelu(a);                                                               // [N, r]
    const at::Tensor t = at::gelu_backward(at::mm(g, up), a);                                       // [N, r]
    const at::Tensor down_sum = context->saved_data["down_sum"].toTensor();
    const at::Tensor up_sum = context->saved_data["up_sum"].toTensor();
    std::int64_t begin = 0;
    for (const std::int64_t length : context->saved_data["lengths"].toIntVector()) {
      add_squares(up_sum, g.narrow(0, begin, length), h.narrow(0, begin, length));
      add_squares(down_sum, t.narrow(0, begin, length), y.narrow(0, begin, length));
      begin += length;
    }
    at::Tensor dy;
    if (context->needs_input_grad(0)) dy = gradients[0] + at::mm(t, down).to(gradients[0].scalar_type());  // [N, D]
    return {dy, {}, {}, {}, {}};
  }
};

at::Tensor drawn_matrix(std::int64_t rows, std::int64_t columns, RandomStream& random, at::Device device) {
  const at::Tensor matrix = at::empty({rows, columns}, at::kFloat);
  float* values = matrix.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < matrix.numel(); ++i) {
    values[i] = static_cast<float>(kInitialDeviation * random.normal());
  }
  return matrix.to(device);
}

}  // namespace

FisherProbe::FisherProbe(at::Tensor down, at::Tensor up)
    : down_(std::move(down)),
      up_(std::move(up)),
      down_sum_(at::zeros_like(down_, down_.options().dtype(at::kDouble))),
      up_sum_(at::zeros_like(up_, up_.options().dtype(at::kDouble))) {
  // The function is only differentiated where an input asks for a gradient; the weights themselves get none.
  down_.requires_grad_();
}

FisherProbe FisherProbe::drawn(std::int64_t width, std::int64_t size, std::uint64_t seed, const std::string& name,
                               at::Device device) {
  RandomStream random(seed, stream_number(name));
  at::Tensor down = drawn_matrix(width, size, random, device);  // [r, D]
  at::Tensor up = drawn_matrix(size, width, random, device);    // [D, r]
  return {std::move(down), std::move(up)};
}

at::Tensor FisherProbe::apply(const at::Tensor& /*u*/, const at::Tensor& y, const Pass& pass) const {
  return ProbeFunction::apply(y, down_, up_, SquareSums{down_sum_, up_sum_}, lengths_of(pass.packing));
}

void FisherProbe::zero_sums() {
  down_sum_.zero_();
  up_sum_.zero_();
}

}  // namespace phatgoose
