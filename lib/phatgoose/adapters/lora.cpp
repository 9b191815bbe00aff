#include "phatgoose/adapters/lora.h"

#include <ATen/ATen.h>

#include <cmath>

#include "phatgoose/adapters/lora_function.h"

namespace phatgoose {

at::Tensor LoraParameters::a_of(const LoraMember& member) const { return a.narrow(0, member.a_row, member.rank); }

at::Tensor LoraParameters::b_of(const LoraMember& member) const {
  return b.narrow(0, member.b_offset, member.out * member.rank).view({member.out, member.rank});
}

double uniform_factor_bound(std::int64_t in) { return std::sqrt(2.0 / 6.0) / std::sqrt(static_cast<double>(in)); }

LoraParameters zero_lora(const LinearGroupSpec& spec, std::span<const LoraShape> shapes, at::Device device) {
  LoraParameters parameters;
  std::int64_t column = 0, ranks = 0, b_size = 0;
  for (std::size_t i = 0; i < spec.linears.size(); ++i) {
    const LinearSpec& linear = spec.linears[i];
    const auto [rank, scale] = shapes[i];
    if (rank > 0) {
      parameters.members.push_back({.path = linear.path,
                                    .column = column,
                                    .out = linear.out,
                                    .rank = rank,
                                    .scale = scale,
                                    .a_row = ranks,
                                    .b_offset = b_size});
      ranks += rank;
      b_size += linear.out * rank;
    }
    column += linear.out;
  }
  const auto options = at::TensorOptions(device).dtype(at::kFloat);
  parameters.a = at::zeros({ranks, spec.linears.front().in}, options);
  parameters.b = at::zeros({b_size}, options);
  return parameters;
}

at::Tensor LoraAdapter::apply(const at::Tensor& u, const at::Tensor& y, const Pass& /*pass*/) const {
  return add_lora(u, y, parameters_, false);
}

at::Tensor GatedLoraAdapter::apply(const at::Tensor& u, const at::Tensor& y, const Pass& /*pass*/) const {
  return add_lora(u, y, parameters_, true);
}

}  // namespace phatgoose
