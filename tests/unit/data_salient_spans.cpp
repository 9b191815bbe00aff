#include "phatgoose/data/salient_spans.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "phatgoose/data/span_corruption.h"
#include "phatgoose/data/text_stream.h"
#include "phatgoose/text/marked_text.h"
#include "support/fails_with.h"
#include "support/golden.h"
#include "support/scratch_directory.h"

namespace phatgoose {
namespace {

using test::FailsWith;
using test::ScratchDirectory;

const Tokenizer& tokenizer() {
  static const Tokenizer shared(test::golden_path("text"));
  return shared;
}

MarkedTokens encoded(const std::string& line) { return encode_marked(line, tokenizer(), 1000); }

std::string span_text(const MarkedTokens& marked, std::size_t i) {
  const auto [begin, end] = marked.spans.at(i);
  return tokenizer().decode(std::span(marked.ids).subspan(begin, end - begin));
}

TEST_CASE("marks are taken out of a line, and their places kept") {
  const MarkedText marked = parse_marked("The [[river]] is [[wide]].");
  CHECK(marked.text == "The river is wide.");
  REQUIRE(marked.spans.size() == 2);
  CHECK(marked.text.substr(marked.spans[0].first, marked.spans[0].second - marked.spans[0].first) == "river");
  CHECK(marked.text.substr(marked.spans[1].first, marked.spans[1].second - marked.spans[1].first) == "wide");
  CHECK(parse_marked("plain ] text [").spans.empty());
  CHECK(parse_marked("plain ] text [").text == "plain ] text [");
}

TEST_CASE("malformed marks are refused") {
  for (const auto& [line, words] : std::vector<std::pair<std::string, std::string>>{{"a [[b", "[[ without ]]"},
                                                                                    {"a b]]", "]] without [["},
                                                                                    {"a [[]] b", "[[]]"},
                                                                                    {"a [[b [[c]]", "[[ within [["}}) {
    CHECK_THROWS_MATCHES(parse_marked(line), Error, FailsWith(ExitCode::bad_data, words));
  }
}

TEST_CASE("a marked span is the tokens that it would be without marks") {
  const MarkedTokens marked = encoded("The [[old river]] runs to the [[sea]], and [[on]].");
  CHECK(marked.ids == tokenizer().encode("The old river runs to the sea, and on."));
  REQUIRE(marked.spans.size() == 3);
  CHECK(span_text(marked, 0) == "old river");
  CHECK(span_text(marked, 1) == "sea");
  const MarkedTokens cut = encode_marked("The [[old river]] runs to the [[sea]].", tokenizer(), 3);
  CHECK(cut.ids.size() == 3);
  CHECK(cut.spans.size() == 1);
}

TEST_CASE("only marked spans are masked, at least one, and the share of them that is asked for") {
  const MarkedTokens marked = encoded("The [[river]] and the [[sea]] and the [[wall]] and the [[house]].");
  REQUIRE(marked.spans.size() == 4);
  int masked = 0;
  for (std::uint64_t i = 0; i < 2000; ++i) {
    RandomStream random(5, i, 1);
    const std::vector<bool> mask = salient_mask(marked, 0.5, random);
    std::vector<bool> allowed(mask.size(), false);
    int spans = 0;
    for (const auto& [begin, end] : marked.spans) {
      const auto count = std::count(mask.begin() + std::ptrdiff_t(begin), mask.begin() + std::ptrdiff_t(end), true);
      CHECK((count == 0 || count == std::ptrdiff_t(end - begin)));
      spans += count > 0 ? 1 : 0;
      std::fill(allowed.begin() + std::ptrdiff_t(begin), allowed.begin() + std::ptrdiff_t(end), true);
    }
    CHECK(spans >= 1);
    for (std::size_t t = 0; t < mask.size(); ++t) CHECK((allowed[t] || !mask[t]));
    masked += spans;
  }
  CHECK(masked / 2000.0 == Approx(1 + 3 * 0.5).margin(0.06));  // one for certain, the others by half
  RandomStream random(5, 0, 1);
  const std::vector<bool> one = salient_mask(marked, 0, random);
  CHECK(std::count(one.begin(), one.end(), true) > 0);
}

TEST_CASE("never are more spans masked than there are sentinels") {
  std::string line;
  for (int i = 0; i < 150; ++i) line += "a [[river]] ";
  const MarkedTokens marked = encoded(line);
  REQUIRE(marked.spans.size() == 150);
  RandomStream random(5, 0, 1);
  const Example example = corrupt_spans(marked.ids, salient_mask(marked, 1, random), tokenizer());
  const TokenId first_sentinel = tokenizer().sentinel(99);
  CHECK(std::ranges::all_of(example.target, [&](TokenId id) { return id < first_sentinel + kSentinelCount; }));
  CHECK(std::ranges::count_if(example.input, [&](TokenId id) { return id >= first_sentinel; }) >= kSentinelCount - 1);
}

TEST_CASE("LM adaptation continues from a marked span on") {
  const MarkedTokens marked = encoded("The [[river]] and the [[sea]] meet.");
  std::set<std::string> targets;
  for (std::uint64_t i = 0; i < 50; ++i) {
    RandomStream random(5, i, 1);
    const Example example = split_at_span(marked, random);
    CHECK(example.input.back() == kEosId);
    CHECK(example.target.back() == kEosId);
    TokenIds whole(example.input.begin(), example.input.end() - 1);
    whole.insert(whole.end(), example.target.begin(), example.target.end() - 1);
    CHECK(whole == marked.ids);
    targets.insert(tokenizer().decode(example.target));
  }
  CHECK(targets == std::set<std::string>{"river and the sea meet.", "sea meet."});
}

TEST_CASE("a stream of marked lines has one example a line, and goes on where it was left") {
  const ScratchDirectory scratch;
  test::write_text(scratch / "marked", "The [[river]] is wide.\n\nThe [[sea]] is deep.\nno mark at all\n");
  for (const TextObjective objective : {TextObjective::span_corruption, TextObjective::prefix_lm}) {
    const TextStreamOptions options{.objective = objective, .input_length = 32, .salient = 1, .seed = 3};
    TextStream stream({{.files = {scratch / "marked"}}}, tokenizer(), options);
    std::vector<Example> examples;
    for (int i = 0; i < 9; ++i) examples.push_back(stream.next());
    const bool spans = objective == TextObjective::span_corruption;
    CHECK(tokenizer().decode(examples[0].target) == (spans ? "river" : "river is wide."));
    CHECK(tokenizer().decode(examples[4].target) == (spans ? "sea" : "sea is deep."));
    CHECK((examples[0].target.front() == tokenizer().sentinel(0)) == spans);
    TextStream again({{.files = {scratch / "marked"}}}, tokenizer(), options);
    for (int i = 0; i < 4; ++i) again.next();
    TextStream resumed({{.files = {scratch / "marked"}}}, tokenizer(), options);
    resumed.restore(parse_json(again.position().dump()));
    for (std::size_t i = 4; i < examples.size(); ++i) {
      const Example next = resumed.next();
      CHECK(next.input == examples[i].input);
      CHECK(next.target == examples[i].target);
    }
  }
}

TEST_CASE("lines that make no example are refused") {
  const ScratchDirectory scratch;
  test::write_text(scratch / "open", "The [[river is wide.\n");
  test::write_text(scratch / "short", "the\n");
  const auto first = [&](const char* file) {
    return TextStream({{.files = {scratch / file}}}, tokenizer(), {.salient = 0.5}).next();
  };
  CHECK_THROWS_MATCHES(first("open"), Error, FailsWith(ExitCode::bad_data, "open", "[[ without ]]"));
  CHECK_THROWS_MATCHES(first("short"), Error, FailsWith(ExitCode::bad_data, "short", "a line of one token"));
}

}  // namespace
}  // namespace phatgoose
