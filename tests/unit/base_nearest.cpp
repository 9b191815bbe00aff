#include "phatgoose/base/nearest.h"

#include <catch2/catch.hpp>

using namespace phatgoose;

TEST_CASE("nearest_name finds what was meant, and nothing where nothing is near") {
  const std::vector<std::string> names = {"train-expert", "train-gate", "eval", "build"};
  REQUIRE(nearest_name("trian-gate", names) == "train-gate");
  REQUIRE(nearest_name("evl", names) == "eval");
  REQUIRE(nearest_name("bulid", names) == "build");
  REQUIRE(nearest_name("trai", names) == "train-expert");
  REQUIRE(nearest_name("tra", names).empty());
  REQUIRE(nearest_name("zzzzzz", names).empty());
  REQUIRE(nearest_name("", names).empty());
  REQUIRE(nearest_name("x", {}).empty());
  REQUIRE(did_you_mean("evl", names) == "did you mean eval?");
  REQUIRE(did_you_mean("zzzzzz", names).empty());
}
