#include "phatgoose/data/span_corruption.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <numeric>

#include "support/fails_with.h"
#include "support/golden.h"

namespace phatgoose {
namespace {

using test::FailsWith;
using test::golden_path;

TokenIds counting_chunk(std::int64_t length) {
  TokenIds chunk(static_cast<std::size_t>(length));
  for (std::size_t i = 0; i < chunk.size(); ++i) chunk[i] = static_cast<TokenId>(3 + i % 300);
  return chunk;
}

std::int64_t masked(const std::vector<bool>& mask) { return std::count(mask.begin(), mask.end(), true); }

std::int64_t spans_of(const std::vector<bool>& mask) {
  std::int64_t spans = 0;
  for (std::size_t i = 0; i < mask.size(); ++i) spans += mask[i] && (i == 0 || !mask[i - 1]) ? 1 : 0;
  return spans;
}

/// Puts the spans of the target in the place of the input's sentinels.
TokenIds reconstruct(const Example& example, const Tokenizer& tokenizer) {
  const auto is_sentinel = [&](TokenId id) { return id >= tokenizer.sentinel(99); };
  TokenIds text;
  auto target = example.target.begin();
  for (const TokenId id : example.input) {
    if (id == kEosId) break;
    if (!is_sentinel(id)) {
      text.push_back(id);
      continue;
    }
    REQUIRE(target != example.target.end());
    REQUIRE(*target == id);
    for (++target; *target != kEosId && !is_sentinel(*target); ++target) text.push_back(*target);
  }
  CHECK(*target == kEosId);
  return text;
}

TEST_CASE("lengths are those of the T5 code") {
  // Its published figures: inputs of 512 tokens come from 568, with targets of 114.
  const SpanLengths t5 = span_lengths_of_input(512, {});
  CHECK(t5.chunk == 568);
  CHECK(t5.input == 512);
  CHECK(t5.target == 114);
  CHECK(t5.spans == 28);
  for (const std::int64_t length : {8, 20, 64, 65, 66, 100, 128, 256, 1000}) {
    const SpanLengths lengths = span_lengths_of_input(length, {});
    CHECK(lengths.input <= length);
    CHECK(span_lengths_of_chunk(lengths.chunk + 1, {}).input > length);
  }
}

TEST_CASE("lengths that cannot be are usage errors") {
  CHECK_THROWS_MATCHES(span_lengths_of_input(2, {}), Error, FailsWith(ExitCode::usage, "input length 2"));
  CHECK_THROWS_MATCHES(span_lengths_of_input(2000, {}), Error, FailsWith(ExitCode::usage, "spans", "at most 100"));
}

TEST_CASE("a mask has the wanted share and number of spans, whatever the draw") {
  for (const std::int64_t length : {2, 3, 7, 50, 568}) {
    const SpanLengths lengths = span_lengths_of_chunk(length, {});
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      RandomStream random(seed);
      const std::vector<bool> mask = noise_mask(length, {}, random);
      REQUIRE(mask.size() == static_cast<std::size_t>(length));
      CHECK(masked(mask) == lengths.target - lengths.spans - 1);
      CHECK(spans_of(mask) == lengths.spans);
      CHECK_FALSE(mask.front());
      CHECK(mask.back());
    }
  }
  RandomStream random(1);
  const std::vector<bool> half = noise_mask(100, {.noise_density = 0.5, .mean_span = 5}, random);
  CHECK(masked(half) == 50);
  CHECK(spans_of(half) == 10);
}

TEST_CASE("every place but the first and the last is masked about equally often") {
  constexpr int kDraws = 4000;
  std::vector<int> counts(40, 0);
  for (std::uint64_t draw = 0; draw < kDraws; ++draw) {
    RandomStream random(7, draw);
    const std::vector<bool> mask = noise_mask(40, {.noise_density = 0.25, .mean_span = 2.5}, random);
    for (std::size_t i = 0; i < mask.size(); ++i) counts[i] += mask[i] ? 1 : 0;
  }
  CHECK(std::accumulate(counts.begin(), counts.end(), 0) == 10 * kDraws);
  for (std::size_t i = 8; i < 30; ++i) CHECK(counts[i] == Approx(0.25 * kDraws).epsilon(0.25));
}

TEST_CASE("input and target together hold the text, sentinels in order") {
  const Tokenizer tokenizer(golden_path("text"));
  for (const std::int64_t length : {2, 30, 568}) {
    const TokenIds chunk = counting_chunk(length);
    RandomStream random(3, static_cast<std::uint64_t>(length));
    const Example example = corrupt_spans(chunk, noise_mask(length, {}, random), tokenizer);
    const SpanLengths lengths = span_lengths_of_chunk(length, {});
    CHECK(static_cast<std::int64_t>(example.input.size()) == lengths.input);
    CHECK(static_cast<std::int64_t>(example.target.size()) == lengths.target);
    CHECK(example.input.back() == kEosId);
    CHECK(example.target.back() == kEosId);
    CHECK(example.target.front() == tokenizer.sentinel(0));
    CHECK(reconstruct(example, tokenizer) == chunk);
  }
}

TEST_CASE("a chosen mask gives the expected pair") {
  const Tokenizer tokenizer(golden_path("text"));
  const TokenId s0 = tokenizer.sentinel(0), s1 = tokenizer.sentinel(1);
  const TokenIds chunk = {10, 11, 12, 13, 14, 15};
  const Example example = corrupt_spans(chunk, {false, true, true, false, false, true}, tokenizer);
  CHECK(example.input == TokenIds{10, s0, 13, 14, s1, kEosId});
  CHECK(example.target == TokenIds{s0, 11, 12, s1, 15, kEosId});
}

TEST_CASE("a prefix is cut anywhere but at the ends") {
  const TokenIds chunk = counting_chunk(6);
  std::vector<int> seen(6, 0);
  for (std::uint64_t draw = 0; draw < 500; ++draw) {
    RandomStream random(1, draw);
    Example example = split_prefix(chunk, random);
    CHECK(example.input.back() == kEosId);
    CHECK(example.target.back() == kEosId);
    ++seen[example.input.size() - 1];
    example.input.pop_back();
    example.target.pop_back();
    example.input.insert(example.input.end(), example.target.begin(), example.target.end());
    CHECK(example.input == chunk);
  }
  CHECK(seen[0] == 0);
  for (std::size_t length = 1; length < 6; ++length) CHECK(seen[length] > 60);
}

}  // namespace
}  // namespace phatgoose
