#include "phatgoose/base/shell.h"

#include <array>
#include <catch2/catch.hpp>
#include <cstdio>

#include "phatgoose/base/numbers.h"

using namespace phatgoose;

namespace {

std::string output_of(const std::string& command) {
  FILE* pipe = ::popen(command.c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::array<char, 256> block{};
  const std::size_t count = std::fread(block.data(), 1, block.size(), pipe);
  ::pclose(pipe);
  return std::string(block.data(), count);
}

}  // namespace

TEST_CASE("a word of a shell command is what the shell reads, plain where it can be") {
  CHECK(shell_word("experts/food-2_b.v1") == "experts/food-2_b.v1");
  CHECK(shell_word("my experts") == "'my experts'");
  for (const std::string text : {"plain", "a b", "it's", "", "$HOME", "a;b", "*", "\"", "`x`", "~", "a\\b", "ä"}) {
    CHECK(output_of("printf %s " + shell_word(text)) == text);
  }
}

TEST_CASE("numbers are grouped in threes") {
  CHECK(grouped(0) == "0");
  CHECK(grouped(999) == "999");
  CHECK(grouped(1000) == "1,000");
  CHECK(grouped(35389440) == "35,389,440");
  CHECK(grouped(-100) == "-100");
  CHECK(grouped(-1234567) == "-1,234,567");
}
