#include "phatgoose/nn/packing.h"

#include <ATen/ATen.h>
#include <catch2/catch.hpp>

using namespace phatgoose;

TEST_CASE("packed rows lie back to back without pads") {
  const std::vector<TokenIds> rows = {{5, 6, 1}, {7, 1}};
  const PackedIds packed = pack_ids(rows, at::kCPU);
  CHECK(packed.ids.equal(at::tensor(std::vector<std::int64_t>{5, 6, 1, 7, 1})));
  CHECK(packed.packing.rows() == 2);
  CHECK(packed.packing.offset(1) == 3);
  CHECK(packed.packing.length(1) == 2);
  CHECK(packed.packing.max_length() == 3);
}

TEST_CASE("decoder inputs are the targets shifted right behind the start token") {
  const std::vector<TokenIds> targets = {{8, 9, 1}, {1}};
  const PackedIds packed = pack_decoder_inputs(targets, 0, at::kCPU);
  CHECK(packed.ids.equal(at::tensor(std::vector<std::int64_t>{0, 8, 9, 0})));
  CHECK(packed.packing.tokens() == 4);
}
