#include "phatgoose/data/text_stream.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "support/fails_with.h"
#include "support/golden.h"
#include "support/gzip.h"
#include "support/scratch_directory.h"
#include "support/stderr_of.h"

namespace phatgoose {
namespace {

using test::FailsWith;
using test::golden_path;
using test::ScratchDirectory;
using test::write_text;

const fs::path kText = fs::path(PHATGOOSE_TESTS_DIR) / "oracle" / "tiny_text.txt";

const Tokenizer& tokenizer() {
  static const Tokenizer shared(golden_path("text"));
  return shared;
}

std::vector<Example> take(TextStream& stream, int count) {
  std::vector<Example> examples;
  for (int i = 0; i < count; ++i) examples.push_back(stream.next());
  return examples;
}

bool same(const std::vector<Example>& a, const std::vector<Example>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const Example& x, const Example& y) { return x.input == y.input && x.target == y.target; });
}

TEST_CASE("a stream is the text, cut into chunks, over and over") {
  const ScratchDirectory scratch;
  write_text(scratch / "a.txt", "the river\n\nthe sea\n");
  test::write_gzip(scratch / "b.gz", "the wall");
  TokenIds text;
  for (const char* line : {"the river", "the sea", "the wall"}) {
    for (const TokenId id : tokenizer().encode(line)) text.push_back(id);
  }
  const TextStreamOptions options{.objective = TextObjective::prefix_lm, .input_length = 7};
  TextStream stream({{.files = {scratch / "a.txt", scratch / "b.gz"}}}, tokenizer(), options);
  TokenIds streamed;
  while (streamed.size() < 4 * text.size()) {
    const Example example = stream.next();
    CHECK(example.input.size() + example.target.size() == 7);
    streamed.insert(streamed.end(), example.input.begin(), example.input.end() - 1);
    streamed.insert(streamed.end(), example.target.begin(), example.target.end() - 1);
  }
  for (std::size_t i = 0; i < streamed.size(); ++i) CHECK(streamed[i] == text[i % text.size()]);
}

TEST_CASE("span corruption gives inputs of the wanted length, 15 % of the tokens masked") {
  TextStream stream({{.files = {kText}}}, tokenizer(), {.input_length = 64, .seed = 3});
  double masked = 0, kept = 0;
  for (int i = 0; i < 100; ++i) {
    const Example example = stream.next();
    CHECK(example.input.size() == 64);
    const auto is_text = [](TokenId id) { return id != kEosId && id < tokenizer().sentinel(99); };
    masked += static_cast<double>(std::count_if(example.target.begin(), example.target.end(), is_text));
    kept += static_cast<double>(std::count_if(example.input.begin(), example.input.end(), is_text));
  }
  CHECK(masked / (masked + kept) == Approx(0.15).margin(0.01));
}

TEST_CASE("the same seed gives the same stream, another seed other noise") {
  const auto stream_of = [](std::uint64_t seed) {
    TextStream stream({{.files = {kText}}}, tokenizer(), {.input_length = 32, .seed = seed});
    return take(stream, 30);
  };
  CHECK(same(stream_of(1), stream_of(1)));
  CHECK_FALSE(same(stream_of(1), stream_of(2)));
}

TEST_CASE("sources are mixed by weight, counted in examples") {
  const ScratchDirectory scratch;
  write_text(scratch / "rivers", "river\n");
  write_text(scratch / "long", "the the the the the the the the the the the the the the the the the the the the\n");
  const TextStreamOptions options{.objective = TextObjective::prefix_lm, .input_length = 12, .seed = 2};
  TextStream stream({{.files = {scratch / "rivers"}, .weight = 3}, {.files = {scratch / "long"}, .weight = 1}},
                    tokenizer(), options);
  const TokenId the = tokenizer().encode("the").front();
  int of_long = 0;
  for (const Example& example : take(stream, 2000)) of_long += example.input.front() == the ? 1 : 0;
  CHECK(of_long == Approx(500).margin(70));
}

TEST_CASE("a restored stream goes on exactly where the first one stood") {
  const ScratchDirectory scratch;
  const std::string text = test::read_text(kText);
  test::write_gzip(scratch / "text.gz", text);
  write_text(scratch / "part", text.substr(0, 3000));
  std::string one_line = text;
  std::replace(one_line.begin(), one_line.end(), '\n', ' ');
  write_text(scratch / "one", one_line);
  const std::vector<TextSource> sources = {{.files = {kText, scratch / "text.gz"}, .weight = 2},
                                           {.files = {scratch / "part"}},
                                           {.files = {scratch / "one"}}};
  for (const TextObjective objective : {TextObjective::span_corruption, TextObjective::prefix_lm}) {
    const TextStreamOptions options{.objective = objective, .input_length = 48, .seed = 8};
    TextStream whole(sources, tokenizer(), options);
    for (const int before : {0, 1, 7, 40, 150}) {
      INFO(before);
      TextStream first(sources, tokenizer(), options);
      take(first, before);
      const Json position = parse_json(first.position().dump());
      TextStream second(sources, tokenizer(), options);
      take(second, 5);  // a stream that has already moved
      second.restore(position);
      CHECK(second.count() == before);
      CHECK(second.position() == first.position());
      CHECK(same(take(second, 40), take(first, 40)));
    }
  }
}

TEST_CASE("a place that the text does not have is refused") {
  TextStream stream({{.files = {kText}}}, tokenizer(), {.input_length = 32});
  take(stream, 3);
  const auto refused = [&](const std::string& json, const std::string& words) {
    CHECK_THROWS_MATCHES(stream.restore(parse_json(json)), Error, FailsWith(ExitCode::bad_data, words));
  };
  refused(R"({"count": 1, "sources": []})", "0 sources");
  refused(R"({"count": 1})", "no \"sources\"");
  refused(R"({"count": 1, "sources": [{"file": 1, "offset": 0, "tokens": 0}]})", "file number 1");
  refused(R"({"count": 1, "sources": [{"file": 0, "offset": 0, "tokens": 500}]})", "500 tokens");
  refused(R"({"count": 1, "sources": [{"file": 0, "offset": 99999, "tokens": 3}]})", "byte 99999");
  refused(R"({"count": 1, "sources": [{"file": 0, "tokens": 3}]})", "no \"offset\"");
}

TEST_CASE("text that cannot be streamed is refused") {
  const ScratchDirectory scratch;
  write_text(scratch / "blank", "\n \n\n");
  TextStream blank({{.files = {scratch / "blank"}}}, tokenizer(), {.input_length = 32});
  CHECK_THROWS_MATCHES(blank.next(), Error, FailsWith(ExitCode::bad_data, "blank", "no text"));
  const auto refused = [&](std::vector<TextSource> sources, ExitCode code, const std::string& words,
                           TextStreamOptions options = {}) {
    CHECK_THROWS_MATCHES(TextStream(std::move(sources), tokenizer(), options), Error, FailsWith(code, words));
  };
  refused({{.files = {kText, scratch / "missing"}}}, ExitCode::bad_data, "missing");
  refused({}, ExitCode::usage, "no source");
  refused({{.files = {}}}, ExitCode::usage, "no files");
  refused({{.files = {kText}, .weight = 0}}, ExitCode::usage, "weight 0");
  refused({{.files = {kText}}}, ExitCode::usage, "length 3",
          {.objective = TextObjective::prefix_lm, .input_length = 3});
  write_text(scratch / "long", "the sea\n" + std::string(300, 'x') + "\n");
  TextStream bounded({{.files = {scratch / "long"}}}, tokenizer(), {.input_length = 32, .max_line_bytes = 200});
  CHECK_THROWS_MATCHES(bounded.next(), Error, FailsWith(ExitCode::bad_data, "long:2", "more than 200 bytes"));
}

TEST_CASE("marked lines that are cut are said once") {
  const ScratchDirectory scratch;
  write_text(scratch / "marked", "the [[river]] and the sea and the wall and the sea\nthe [[sea]] and more\n");
  const auto said = [&](std::int64_t length) {
    TextStream stream({{.files = {scratch / "marked"}}}, tokenizer(), {.input_length = length, .salient = 1});
    return test::stderr_of([&] { take(stream, 6); });
  };
  CHECK(said(64).empty());
  const std::string once = said(6);
  CHECK_THAT(once, Catch::StartsWith("warning: " + (scratch / "marked").string() + ": long lines are cut to 5 tokens"));
  CHECK(std::count(once.begin(), once.end(), '\n') == 1);
}

}  // namespace
}  // namespace phatgoose
