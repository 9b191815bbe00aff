#include "phatgoose/embed/rotary_positions.h"

#include <ATen/ATen.h>

#include <cmath>

namespace phatgoose {

RotaryPositions::RotaryPositions(const at::Tensor& places, std::int64_t head_size, double base, at::Device device) {
  const std::int64_t count = places.numel() == 0 ? 0 : places.max().item<std::int64_t>() + 1, half = head_size / 2;
  at::Tensor cosines = at::empty({count, half}, at::kFloat), sines = at::empty({count, half}, at::kFloat);
  float *cosine = cosines.mutable_data_ptr<float>(), *sine = sines.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < half; ++i) {
    // Frequency and angle are rounded to fp32 as the reference rounds them: far from the start it shows.
    const float exponent = static_cast<float>(2 * i) / static_cast<float>(head_size);
    const float frequency = 1.0F / std::pow(static_cast<float>(base), exponent);
    for (std::int64_t place = 0; place < count; ++place) {
      const double angle = static_cast<float>(place) * frequency;
      cosine[place * half + i] = static_cast<float>(std::cos(angle));
      sine[place * half + i] = static_cast<float>(std::sin(angle));
    }
  }
  const auto of_tokens = [&](const at::Tensor& table) {
    return table.index_select(0, places).view({-1, 1, 1, half}).to(device);  // [N, 1, 1, K/2]
  };
  cosines_ = of_tokens(cosines);
  sines_ = of_tokens(sines);
}

void RotaryPositions::turn(const at::Tensor& qkv) const {
  const std::int64_t half = cosines_.size(3);
  const at::Tensor halves = qkv.view({qkv.size(0), 3, -1, 2, half}).narrow(1, 0, 2);  // [N, 2, H, 2, K/2]
  const at::Tensor first = halves.select(3, 0), second = halves.select(3, 1);         // [N, 2, H, K/2]
  const at::Tensor turned = first * cosines_ - second * sines_;                       // [N, 2, H, K/2]
  second.copy_(second * cosines_ + first * sines_);
  first.copy_(turned);
}

}  // namespace phatgoose
