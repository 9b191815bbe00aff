#include "phatgoose/nn/dropout.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <catch2/catch.hpp>

#include "phatgoose/base/random.h"
#include "phatgoose/nn/cpu_kernels.h"
#include "support/tiny_t5.h"

using namespace phatgoose;

TEST_CASE("the noise kernel draws the bits of philox") {
  const std::uint32_t place[3] = {7, 11, 13}, key[2] = {17, 19};
  std::vector<float> ones(300, 1.0F), noise(300);
  cpu::dropout_row(ones.data(), place, key, 20000, 2.0F, 300, noise.data());
  for (std::uint32_t i = 0; i < 300; ++i) {
    const std::uint32_t word = philox({7, 11, 13, i / 8}, {17, 19})[i % 8 / 2];
    const std::uint32_t bits = i % 2 == 0 ? word & 0xFFFFU : word >> 16;
    REQUIRE(noise[i] == (bits >= 20000 ? 2.0F : 0.0F));
  }
}

TEST_CASE("dropout keeps the stated share and the expectation, and its gradient is the same noise") {
  const Dropout dropout(0.1, 1, 2, {0, 1});
  const Packing packing = Packing::of_lengths(std::vector<std::int64_t>{100, 200});
  const at::Tensor x = at::ones({300, 512}).requires_grad_();
  const at::Tensor y = dropout.apply(x, packing, 4);
  CHECK(y.mean().item<double>() == Approx(1.0).margin(0.004));
  CHECK((y == 0).to(at::kFloat).mean().item<double>() == Approx(0.1).margin(0.003));
  y.sum().backward();
  CHECK(x.grad().equal(y.detach()));
}

TEST_CASE("noise depends on seed, step, row and site, not on the packed layout") {
  const at::Tensor x = at::ones({9, 64});
  const Packing both = Packing::of_lengths(std::vector<std::int64_t>{4, 5}),
                swapped = Packing::of_lengths(std::vector<std::int64_t>{5, 4});
  const at::Tensor y = Dropout(0.5, 1, 2, {30, 31}).apply(x, both, 4);
  const at::Tensor z = Dropout(0.5, 1, 2, {31, 30}).apply(x, swapped, 4);
  CHECK(y.narrow(0, 0, 4).equal(z.narrow(0, 5, 4)));
  CHECK(y.narrow(0, 4, 5).equal(z.narrow(0, 0, 5)));
  CHECK_FALSE(y.equal(Dropout(0.5, 2, 2, {30, 31}).apply(x, both, 4)));
  CHECK_FALSE(y.equal(Dropout(0.5, 1, 3, {30, 31}).apply(x, both, 4)));
  CHECK_FALSE(y.equal(Dropout(0.5, 1, 2, {32, 33}).apply(x, both, 4)));
  CHECK_FALSE(y.equal(Dropout(0.5, 1, 2, {30, 31}).apply(x, both, 5)));
  const at::Tensor first = Dropout(0.5, 1, 2, {30, 31}).attention_multipliers(1, 1, 2, 5, 5, 8);
  const at::Tensor alone = Dropout(0.5, 1, 2, {31}).attention_multipliers(0, 1, 2, 5, 5, 8);
  CHECK(first.equal(alone));
}

TEST_CASE("targets of one source are decoded with the noise of its row, each as if alone") {
  const T5Model model = test::tiny_model();
  const at::NoGradGuard no_grad;
  const Dropout noise(0.3, 1, 2, {30, 31});
  const EncodedRows encoded = model.encode(pack_ids(std::vector<TokenIds>{{5, 6, 1}, {7, 1}}, at::kCPU), &noise);
  const std::vector<TokenIds> targets = {{8, 9, 1}, {9, 1}, {3, 4, 1}};
  const std::vector<std::int64_t> sources = {0, 1, 1};
  const PackedIds together = pack_decoder_inputs(targets, 0, at::kCPU);
  const at::Tensor all = model.decode(together, encoded, sources, &noise);  // [N, D]
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const PackedIds one = pack_decoder_inputs(std::span(targets).subspan(i, 1), 0, at::kCPU);
    const at::Tensor alone = model.decode(one, encoded, std::span(sources).subspan(i, 1), &noise);
    const auto row = static_cast<std::int64_t>(i);
    const at::Tensor found = all.narrow(0, together.packing.offset(row), together.packing.length(row));
    CHECK((found - alone).abs().max().item<double>() < 1e-5);
  }
}
