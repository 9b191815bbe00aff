#include "phatgoose/embed/mean_input_states.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "phatgoose/data/batching.h"

namespace phatgoose {
namespace {

/// Of one input's states [length, D].
at::Tensor inner_mean(const at::Tensor& states) {
  const std::int64_t length = states.size(0);
  return (length > 2 ? states.narrow(0, 1, length - 2) : states).mean(at::IntArrayRef{0}, false, at::kFloat);  // [D]
}

}  // namespace

at::Tensor mean_input_states(const T5Model& model, std::span<const TokenIds> inputs, std::int64_t pass_tokens,
                             const AfterRows& after_rows) {
  const at::NoGradGuard no_grad;
  std::vector<std::int64_t> lengths;
  for (const TokenIds& input : inputs) lengths.push_back(std::ssize(input));
  at::Tensor means = at::empty({std::ssize(inputs), model.config().d_model}, at::kFloat);  // [n, D]
  std::int64_t done = 0;
  for (const std::vector<std::int64_t>& rows : length_groups(lengths, pass_tokens)) {
    std::vector<TokenIds> pass;
    for (const std::int64_t row : rows) pass.push_back(inputs[row]);
    const PackedIds packed = pack_ids(pass, model.device());
    const at::Tensor states = model.encode_base_states(packed);  // [N, D]
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto place = static_cast<std::int64_t>(i);
      means[rows[i]].copy_(inner_mean(states.narrow(0, packed.packing.offset(place), packed.packing.length(place))));
    }
    after_rows(done += std::ssize(rows));
  }
  return means;
}

}  // namespace phatgoose
