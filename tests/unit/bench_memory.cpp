// The bytes that a piece of work holds at once, against sizes that are known.
#include "phatgoose/bench/memory.h"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>

namespace phatgoose {

TEST_CASE("the memory of work is the most that it holds at one time") {
  const at::TensorOptions options = at::TensorOptions().dtype(at::kFloat);
  at::Tensor before = at::empty({4096}, options);
  const std::int64_t peak = peak_bytes_of([&] {
    at::Tensor first = at::empty({256 * 1024}, options);  // 1 MiB
    first = at::Tensor();
    const at::Tensor second = at::empty({512 * 1024}, options);  // 2 MiB
    const at::Tensor third = at::empty({128 * 1024}, options);   // 0.5 MiB
  });
  CHECK(peak == 2'621'440);
  CHECK(peak_bytes_of([&] { before.zero_(); }) == 0);
  CHECK(peak_bytes_of([&] { before = at::Tensor(); }) == 0);
}

TEST_CASE("the memory of a backward pass counts") {
  const at::Tensor leaf = at::ones({1024, 1024}).requires_grad_();
  const std::int64_t peak = peak_bytes_of([&] { (leaf * 2).sum().backward(); });
  CHECK(leaf.grad().defined());
  CHECK(peak >= 4'194'304);  // the gradient
  CHECK(peak <= 3 * 4'194'304 + 4096);
}

}  // namespace phatgoose
