#include "phatgoose/store/modular_method.h"

#include <catch2/catch.hpp>

#include "phatgoose/store/t5_config.h"
#include "support/expect_error.h"

namespace phatgoose {
namespace {

using test::expect_bad_data;

T5Config t5_xl() {
  T5Config config;
  config.d_model = 2048;
  config.d_ff = 5120;
  config.num_layers = config.num_decoder_layers = 24;
  config.num_heads = 32;
  return config;
}

/// Parameters of the adapters, and routing logits of one task, over all linears of T5-XL.
std::pair<std::int64_t, std::int64_t> parameters_of(const ModularShape& shape) {
  std::int64_t adapters = 0, routing = 0;
  for (const LinearSpec& linear : adapted_linears(t5_xl())) {
    adapters += count_of(shape.a_shape(linear.in)) + count_of(shape.b_shape(linear.out));
    routing += shape.logits();
  }
  return {adapters, routing};
}

}  // namespace

TEST_CASE("methods have names") {
  for (const ModularMethod method : {ModularMethod::tlora, ModularMethod::poly, ModularMethod::mhr,
                                     ModularMethod::tensorpoly_1, ModularMethod::tensorpoly_2}) {
    CHECK(modular_method_named(name_of(method)) == method);
  }
  CHECK(std::string(name_of(ModularMethod::tensorpoly_2)) == "tensorpoly-2");
  CHECK_FALSE(modular_method_named("tensorpoly"));
  CHECK_FALSE(modular_method_named(""));
  CHECK(modular_method_names().size() == 5);
}

TEST_CASE("methods have leaves, routing, or both") {
  CHECK(has_leaves(ModularMethod::tlora));
  CHECK_FALSE(has_routing(ModularMethod::tlora));
  CHECK_FALSE(has_leaves(ModularMethod::poly));
  CHECK(has_routing(ModularMethod::poly));
  CHECK_FALSE(has_leaves(ModularMethod::mhr));
  CHECK(has_leaves(ModularMethod::tensorpoly_1));
  CHECK(has_routing(ModularMethod::tensorpoly_1));
}

TEST_CASE("a leaf is the smallest whose power reaches the size") {
  const std::int64_t order = GENERATE(1, 2, 4);
  const ModularShape shape{.method = ModularMethod::tlora, .order = order};
  const auto power = [&](std::int64_t q) {
    std::int64_t product = 1;
    for (std::int64_t i = 0; i < order; ++i) product *= q;
    return product;
  };
  for (std::int64_t size = 1; size <= 700; ++size) {
    std::int64_t q = 1;
    while (power(q) < size) ++q;
    CAPTURE(size);
    REQUIRE(shape.leaf_size(size) == q);
  }
  CHECK(shape.leaf_size(std::int64_t{1} << 30) == (order == 1 ? 1 << 30 : order == 2 ? 1 << 15 : 182));
}

TEST_CASE("shapes are those of the methods") {
  const ModularShape mhr{ModularMethod::mhr, 3, 5, 4, 1};
  CHECK(mhr.a_shape(32) == Shape{4, 5, 8, 3});
  CHECK(mhr.b_shape(24) == Shape{4, 5, 3, 6});
  CHECK(mhr.logits() == 20);
  const ModularShape second{ModularMethod::tensorpoly_2, 3, 5, 1, 2};
  CHECK(second.a_shape(32) == Shape{2, 5, 3, 6});
  CHECK(second.b_shape(25) == Shape{2, 5, 3, 5});
  CHECK(second.logits() == 10);
  CHECK(second.mixtures() == 2);
  CHECK(ModularShape{ModularMethod::tensorpoly_1, 3, 5, 1, 4}.logits() == 5);
  CHECK(ModularShape{ModularMethod::tlora, 3, 5, 1, 4}.logits() == 0);
}

TEST_CASE("parameters on T5-XL are those of the papers") {
  using Count = std::pair<std::int64_t, std::int64_t>;
  CHECK(parameters_of({ModularMethod::poly, 1, 8, 1, 1}) == Count{17'694'720, 3'456});
  CHECK(parameters_of({ModularMethod::mhr, 1, 8, 64, 1}) == Count{17'694'720, 221'184});
  CHECK(parameters_of({ModularMethod::tlora, 16, 1, 1, 2}) == Count{1'391'616, 0});
  CHECK(parameters_of({ModularMethod::tlora, 16, 1, 1, 4}) == Count{405'504, 0});
  CHECK(parameters_of({ModularMethod::tensorpoly_1, 16, 8, 1, 2}) == Count{11'132'928, 3'456});
  CHECK(parameters_of({ModularMethod::tensorpoly_1, 16, 8, 1, 4}) == Count{3'244'032, 3'456});
  CHECK(parameters_of({ModularMethod::tensorpoly_2, 16, 8, 1, 2}) == Count{11'132'928, 6'912});
  CHECK(parameters_of({ModularMethod::tensorpoly_2, 16, 8, 1, 4}) == Count{3'244'032, 13'824});
}

TEST_CASE("sizes that no adapter of the method has are refused") {
  CHECK_NOTHROW(ModularShape().check());
  CHECK_NOTHROW((ModularShape{ModularMethod::mhr, 1, 8, 64, 1}.check()));
  CHECK_NOTHROW((ModularShape{ModularMethod::tlora, 16, 1, 1, 4}.check()));
  const auto refused = [](const ModularShape& shape, const std::vector<std::string>& words) {
    expect_bad_data([&] { shape.check(); }, words);
  };
  refused({ModularMethod::poly, 0, 8, 1, 1}, {"rank 0", "1 to 2^20"});
  refused({ModularMethod::poly, 1, -3, 1, 1}, {"skills -3"});
  refused({ModularMethod::poly, 1, (1 << 20) + 1, 1, 1}, {"skills 1048577"});
  refused({ModularMethod::poly, 1, 8, 2, 1}, {"splits 2 of poly", "1"});
  refused({ModularMethod::mhr, 1, 8, 1, 1}, {"splits 1 of mhr", "2 or more"});
  refused({ModularMethod::tlora, 1, 8, 2, 2}, {"splits 2 of tlora"});
  refused({ModularMethod::poly, 1, 8, 1, 2}, {"order 2 of poly", "1"});
  refused({ModularMethod::tensorpoly_1, 1, 8, 1, 3}, {"order 3 of tensorpoly-1", "2 or 4"});
  refused({ModularMethod::tensorpoly_2, 1, 8, 1, 1}, {"order 1 of tensorpoly-2", "2 or 4"});
}

}  // namespace phatgoose
