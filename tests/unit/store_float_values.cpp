#include "phatgoose/store/float_values.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "phatgoose/store/torch_zip.h"
#include "support/golden.h"

namespace phatgoose {
namespace {

std::vector<float> halves(std::vector<std::uint16_t> bits) {
  const Shape shape = {static_cast<std::int64_t>(bits.size())};
  return float_values({DType::f16, shape, std::as_bytes(std::span(bits))});
}

}  // namespace

TEST_CASE("every floating-point type is read as float") {
  const TorchZipFile file(test::golden_path("store/dtypes.bin"));
  for (const char* name : {"float64", "float32", "float16", "bfloat16"}) {
    CAPTURE(name);
    CHECK(float_values(file.at(name)) == std::vector<float>{0, 1, 2});
  }
}

TEST_CASE("half-precision numbers of every kind") {
  const float infinity = std::numeric_limits<float>::infinity();
  CHECK(halves({0x3555, 0xc000, 0x7bff, 0x0400, 0x03ff, 0x0001, 0x7c00, 0xfc00}) ==
        std::vector<float>{0.333251953125f, -2.0f, 65504.0f, 0x1p-14f, 1023 * 0x1p-24f, 0x1p-24f, infinity, -infinity});
  CHECK(std::isnan(halves({0x7e00})[0]));
  CHECK(std::signbit(halves({0x8000})[0]));
}

TEST_CASE("matrices are transposed") {
  const std::vector<float> values = {1, 2, 3, 4, 5, 6};
  CHECK(transposed_values({DType::f32, {2, 3}, std::as_bytes(std::span(values))}) ==
        std::vector<float>{1, 4, 2, 5, 3, 6});
}

}  // namespace phatgoose
