#include "phatgoose/text/vocabulary.h"

#include <catch2/catch.hpp>

#include "phatgoose/text/tokenizer.h"
#include "support/fails_with.h"
#include "support/golden.h"
#include "support/gzip.h"
#include "support/scratch_directory.h"

namespace phatgoose {
namespace {

using test::FailsWith;
using test::ScratchDirectory;

const fs::path kText = fs::path(PHATGOOSE_TESTS_DIR) / "oracle" / "tiny_text.txt";

TEST_CASE("a trained vocabulary has T5's layout and encodes its text without loss") {
  const ScratchDirectory scratch;
  const VocabularyOptions options{.pieces = 300, .character_coverage = 1.0};
  train_vocabulary({kText}, options, scratch / "vocabulary");
  const Tokenizer tokenizer(scratch / "vocabulary");
  CHECK(tokenizer.size() == 400);
  const std::string line = "The north wind and the sun argued about which of them was the stronger.";
  CHECK(tokenizer.decode(tokenizer.encode(line)) == line);
  CHECK(tokenizer.encode("\uff34he   north") == tokenizer.encode("The north"));  // nmt_nfkc
}

TEST_CASE("the same text gives the same vocabulary, plain or compressed, in one file or two") {
  const ScratchDirectory scratch;
  const VocabularyOptions options{.pieces = 200};
  const std::string text = test::read_text(kText);
  const std::size_t half = text.find('\n', text.size() / 2) + 1;
  test::write_gzip(scratch / "a.gz", text.substr(0, half));
  test::write_text(scratch / "b.txt", text.substr(half));
  train_vocabulary({kText}, options, scratch / "one");
  train_vocabulary({scratch / "a.gz", scratch / "b.txt"}, options, scratch / "two");
  CHECK(test::read_text(scratch / "one/spiece.model") == test::read_text(scratch / "two/spiece.model"));
  train_vocabulary({kText}, {.pieces = 200, .max_lines = 30}, scratch / "part");
  CHECK(test::read_text(scratch / "one/spiece.model") != test::read_text(scratch / "part/spiece.model"));
}

TEST_CASE("a line without end does not stop the trainer") {
  const ScratchDirectory scratch;
  test::write_text(scratch / "text", test::read_text(kText) + std::string(200000, 'x') + "\n");
  train_vocabulary({scratch / "text"}, {.pieces = 150}, scratch / "out");
  CHECK(Tokenizer(scratch / "out").size() == 250);
}

TEST_CASE("too little text is an error and leaves nothing behind") {
  const ScratchDirectory scratch;
  test::write_text(scratch / "short.txt", "a few words\n");
  CHECK_THROWS_MATCHES(train_vocabulary({scratch / "short.txt"}, {.pieces = 300}, scratch / "out"), Error,
                       FailsWith(ExitCode::bad_data, "short.txt", "300 pieces"));
  test::write_text(scratch / "empty.txt", "");
  CHECK_THROWS_MATCHES(train_vocabulary({scratch / "empty.txt"}, {.pieces = 300}, scratch / "out"), Error,
                       FailsWith(ExitCode::bad_data, "empty.txt"));
  CHECK_THROWS_MATCHES(train_vocabulary({scratch / "none.txt"}, {.pieces = 300}, scratch / "out"), Error,
                       FailsWith(ExitCode::bad_data, "none.txt"));
  CHECK_FALSE(fs::exists(scratch / "out"));
}

}  // namespace
}  // namespace phatgoose
