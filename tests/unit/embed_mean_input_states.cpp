// Mean states of inputs against one input at a time.
#include "phatgoose/embed/mean_input_states.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <catch2/catch.hpp>

#include "support/tiny_t5.h"

namespace phatgoose {

TEST_CASE("the mean state of an input is over its tokens but the first and the last") {
  const at::NoGradGuard no_grad;
  const T5Model model = test::tiny_model();
  RandomStream random(2);
  std::vector<TokenIds> inputs;
  for (const std::int64_t length : {9, 1, 3, 2, 30, 4}) inputs.push_back(test::random_ids(random, length));
  const std::int64_t pass_tokens = GENERATE(1, 12, 4096);
  std::vector<std::int64_t> told;
  const at::Tensor means =
      mean_input_states(model, inputs, pass_tokens, [&](std::int64_t rows) { told.push_back(rows); });
  REQUIRE(means.sizes() == at::IntArrayRef({6, 32}));
  CHECK(means.scalar_type() == at::kFloat);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const at::Tensor states = model.encode_states(pack_ids(std::span(&inputs[i], 1), at::kCPU));  // [S, D]
    at::Tensor sum = at::zeros({32}, at::kDouble);
    const auto length = static_cast<std::int64_t>(inputs[i].size());
    const bool has_inner = length > 2;
    for (std::int64_t t = has_inner ? 1 : 0; t < (has_inner ? length - 1 : length); ++t) sum += states[t];
    const at::Tensor mean = sum / static_cast<double>(has_inner ? length - 2 : length);
    CHECK((means[static_cast<std::int64_t>(i)] - mean).abs().max().item<double>() < 1e-5);
  }
  CHECK(told.back() == 6);
  CHECK(told.size() == (pass_tokens == 1 ? 6 : pass_tokens == 4096 ? 1 : told.size()));
}

}  // namespace phatgoose
