#include "phatgoose/nn/dropout.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>

#include "phatgoose/nn/cpu_kernels.h"

namespace phatgoose {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

constexpr std::int64_t kDropoutRowsPerTask = 8;

/// The noise of one site: what the kernel needs to know of the step, and where each packed token stands.
struct SiteNoise : torch::CustomClassHolder {
  std::array<std::uint32_t, 2> key;
  std::uint32_t threshold, site;
  float scale;
  std::vector<std::uint32_t> row, position;  // of each packed token
};

at::Tensor times_noise(const at::Tensor& x, const SiteNoise& noise) {
  const at::Tensor source = x.to(at::kCPU, at::kFloat).contiguous();
  const std::int64_t rows = x.size(0), size = x.size(1);
  at::Tensor y = at::empty_like(source);
  const float* in = source.const_data_ptr<float>();
  float* out = y.mutable_data_ptr<float>();
  at::parallel_for(0, rows, kDropoutRowsPerTask, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::uint32_t place[3] = {noise.row[i], noise.position[i], noise.site};
      cpu::dropout_row(in + i * size, place, noise.key.data(), noise.threshold, noise.scale, size, out + i * size);
    }
  });
  return y.to(x.options());
}

class ApplyNoise : public torch::autograd::Function<ApplyNoise> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const c10::intrusive_ptr<SiteNoise>& noise) {
    context->saved_data["noise"] = c10::IValue::make_capsule(noise);
    return times_noise(x, *noise);
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    // The noise is cheaper to draw again than to keep.
    const auto noise = context->saved_data["noise"].toCapsule();
    return {times_noise(gradients[0], static_cast<const SiteNoise&>(*noise)), {}};
  }
};

/// A key for (seed, step) whose bits all depend on both (the finaliser of SplitMix64).
std::array<std::uint32_t, 2> key_of(std::uint64_t seed, std::uint64_t step) {
  std::uint64_t z = seed * 0x9E3779B97F4A7C15U + step + 1;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
  z ^= z >> 31;
  return {static_cast<std::uint32_t>(z), static_cast<std::uint32_t>(z >> 32)};
}

}  // namespace

Dropout::Dropout(double rate, std::uint64_t seed, std::uint64_t step, std::vector<std::int64_t> rows)
    : key_(key_of(seed, step)),
      threshold_(static_cast<std::uint32_t>(std::lround(rate * 65536.0))),
      rows_(std::move(rows)) {
  scale_ = 65536.0F / static_cast<float>(65536U - threshold_);
}

Dropout Dropout::of_rows(std::span<const std::int64_t> places) const {
  Dropout noise = *this;
  noise.rows_.clear();
  for (const std::int64_t place : places) noise.rows_.push_back(rows_[place]);
  return noise;
}

at::Tensor Dropout::apply(const at::Tensor& x, const Packing& packing, std::uint32_t site) const {
  auto noise = c10::make_intrusive<SiteNoise>();
  noise->key = key_;
  noise->threshold = threshold_;
  noise->scale = scale_;
  noise->site = site;
  noise->row.reserve(packing.tokens());
  noise->position.reserve(packing.tokens());
  for (std::int64_t row = 0; row < packing.rows(); ++row) {
    for (std::int64_t position = 0; position < packing.length(row); ++position) {
      noise->row.push_back(static_cast<std::uint32_t>(rows_[row]));
      noise->position.push_back(static_cast<std::uint32_t>(position));
    }
  }
  return ApplyNoise::apply(x, noise);
}

at::Tensor Dropout::attention_multipliers(std::int64_t row, std::int64_t count, std::int64_t heads,
                                          std::int64_t queries, std::int64_t keys, std::uint32_t site) const {
  at::Tensor multipliers = at::ones({count, heads, queries, keys}, at::kFloat);
  float* data = multipliers.mutable_data_ptr<float>();
  at::parallel_for(0, count * heads * queries, kDropoutRowsPerTask, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t query = i % queries, head = i / queries % heads, index = i / queries / heads;
      const std::uint32_t place[3] = {static_cast<std::uint32_t>(rows_[row + index]), static_cast<std::uint32_t>(query),
                                      site | static_cast<std::uint32_t>(head) << 16};
      cpu::dropout_row(data + i * keys, place, key_.data(), threshold_, scale_, keys, data + i * keys);
    }
  });
  return multipliers;
}

}  // namespace phatgoose
