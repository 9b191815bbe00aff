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

TEST_CASE("the experts of tokens lie back to back like the tokens, and are carried to no other packing") {
  PackedIds packed = pack_ids(std::vector<TokenIds>{{5, 6, 1}, {7, 1}}, at::kCPU);
  packed.packing.set_token_experts(std::vector<std::vector<std::int32_t>>{{}, {}});
  CHECK_FALSE(packed.packing.token_experts().defined());
  packed.packing.set_token_experts(std::vector<std::vector<std::int32_t>>{{2, 0, 0}, {1, 2}});
  CHECK(packed.packing.token_experts().equal(at::tensor(std::vector<std::int64_t>{2, 0, 0, 1, 2})));
  Packing other = Packing::of_lengths(std::vector<std::int64_t>{4});
  other.inherit_row_scores(packed.packing, std::vector<std::int64_t>{1});
  CHECK_FALSE(other.token_experts().defined());
}
