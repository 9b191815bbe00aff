#include "phatgoose/text/unicode.h"

#include <catch2/catch.hpp>

namespace phatgoose {
namespace {

TEST_CASE("UTF-8 is decoded and encoded again") {
  const std::string text = "a\u00e9\u4e2d\U0001f986";
  CHECK(decode_utf8(text) == U"a\u00e9\u4e2d\U0001f986");
  CHECK(encode_utf8(decode_utf8(text)) == text);
}

TEST_CASE("every byte that is not valid UTF-8 becomes U+FFFD") {
  CHECK(decode_utf8("a\xFFz") == U"a\uFFFDz");
  CHECK(decode_utf8("\xC3") == U"\uFFFD");                                // truncated
  CHECK(decode_utf8("\xC0\x80") == U"\uFFFD\uFFFD");                      // overlong
  CHECK(decode_utf8("\xED\xA0\x80") == U"\uFFFD\uFFFD\uFFFD");            // surrogate
  CHECK(decode_utf8("\xF4\x90\x80\x80") == U"\uFFFD\uFFFD\uFFFD\uFFFD");  // beyond U+10FFFF
}

TEST_CASE("strip removes Unicode white space at both ends only") {
  CHECK(strip(" \t\n a  b \u00a0\u3000\u2028") == "a  b");
  CHECK(strip("\u200bx") == "\u200bx");  // zero width space is no white space
  CHECK(strip(" \n ").empty());
  CHECK(strip("").empty());
  CHECK(strip("\xFF x \xFF") == "\xFF x \xFF");
}

TEST_CASE("words are the runs without white space") {
  CHECK(split_words("  one\u2003two\nthree ") == std::vector<std::string>{"one", "two", "three"});
  CHECK(split_words("\u00a0").empty());
}

TEST_CASE("lower case covers more than ASCII") {
  CHECK(lower_case(U"AZaz\u00c4\u0416\u0394\u212a") == U"azaz\u00e4\u0436\u03b4k");
  CHECK(lower_case(U"\u0130") == U"i\u0307");
}

TEST_CASE("word characters are letters, digits and underscores") {
  for (const char32_t c : U"aZ0_\u00e9\u4e2d\u0663\u00b2\u00bd\u2167") {
    if (c != 0) CHECK(is_word(c));
  }
  for (const char32_t c : U" -.\u0301\u0903\u2014\uFFFD\U0001f986") {
    if (c != 0) CHECK_FALSE(is_word(c));
  }
}

}  // namespace
}  // namespace phatgoose
