#include "phatgoose/nn/frozen_linear.h"

#include <ATen/ATen.h>
#include <catch2/catch.hpp>

using namespace phatgoose;

TEST_CASE("a frozen weight, plain or packed, gives the product; plain also the gradient of its input") {
  at::manual_seed(1);
  const at::Tensor weight = at::randn({48, 20});
  for (const std::int64_t rows : {0, 1, 5, 70}) {
    const at::Tensor u = at::randn({rows, 20}).requires_grad_(), pick = at::randn({rows, 48});
    const at::Tensor expected = u.matmul(weight.t());
    FrozenWeight frozen(weight);
    const at::Tensor y = frozen.forward(u);
    CHECK(at::allclose(y, expected, 1e-5, 1e-5));
    (y * pick).sum().backward();
    CHECK(at::allclose(u.grad(), pick.matmul(weight), 1e-5, 1e-5));

    frozen.pack();
    CHECK(frozen.out() == 48);
    CHECK(at::allclose(frozen.forward(u.detach()), expected, 1e-5, 1e-5));
    CHECK(frozen.dense().equal(weight));
  }
}

TEST_CASE("a weight in training is differentiated, and never packed") {
  const at::Tensor weight = at::randn({4, 3}).requires_grad_(), u = at::randn({5, 3});
  FrozenWeight trained(weight);
  trained.pack();
  CHECK_FALSE(trained.is_packed());
  trained.forward(u).sum().backward();
  CHECK(at::allclose(weight.grad(), u.sum(0).expand({4, 3}), 1e-5, 1e-5));
}

TEST_CASE("other dtypes take the general path") {
  const at::Tensor weight = at::randn({4, 3}, at::kDouble), u = at::randn({5, 3}, at::kDouble);
  FrozenWeight frozen(weight);
  frozen.pack();
  CHECK_FALSE(frozen.is_packed());
  CHECK(at::allclose(frozen.forward(u), u.matmul(weight.t())));
}
