// Against the `sentencepiece` and `transformers` packages: tests/oracle/make_text_goldens.py.
#include "phatgoose/text/tokenizer.h"

#include <catch2/catch.hpp>

#include "phatgoose/base/json.h"
#include "support/fails_with.h"
#include "support/golden.h"
#include "support/scratch_directory.h"

namespace phatgoose {
namespace {

using test::FailsWith;
using test::golden_path;
using test::ScratchDirectory;

TEST_CASE("ids and texts are those of the reference packages") {
  const Tokenizer tokenizer(golden_path("text"));
  const Json golden = read_json(golden_path("text/ids.json"));
  CHECK(tokenizer.piece_count() == golden.at("pieces").get<std::int64_t>());
  CHECK(tokenizer.size() == tokenizer.piece_count() + 100);
  std::size_t compared = 0;
  for (const char* kind : {"plain", "sentinels"}) {
    for (const Json& row : golden.at(kind)) {
      const auto text = row.at("text").get<std::string>();
      const auto ids = row.at("ids").get<TokenIds>();
      INFO(kind << ": " << text);
      CHECK(tokenizer.encode(text) == ids);
      CHECK(tokenizer.decode(ids) == row.at("decoded").get<std::string>());
      ++compared;
    }
  }
  CHECK(compared > 30);
}

TEST_CASE("sentinels follow the pieces in falling order") {
  const Tokenizer tokenizer(golden_path("text"));
  const auto pieces = static_cast<TokenId>(tokenizer.piece_count());
  CHECK(tokenizer.sentinel(0) == pieces + 99);
  CHECK(tokenizer.sentinel(99) == pieces);
  CHECK(tokenizer.encode("<extra_id_0><extra_id_99>") == TokenIds{pieces + 99, pieces});
  for (const char* none : {"<extra_id_100>", "<extra_id_07>", "<extra_id_>", "<extra_id_1", "<extra_id_ 1>"}) {
    for (const TokenId id : tokenizer.encode(none)) CHECK(id < pieces);
  }
  CHECK(tokenizer.encode("<extra_id_<extra_id_5>").back() == tokenizer.sentinel(5));
}

TEST_CASE("truncation keeps EOS") {
  const Tokenizer tokenizer(golden_path("text"));
  const TokenIds whole = tokenizer.encode("The house is wonderful.");
  TokenIds ended = whole;
  ended.push_back(kEosId);
  const auto length = static_cast<std::int64_t>(ended.size());
  CHECK(tokenizer.encode_with_eos("The house is wonderful.", length) == ended);
  CHECK(tokenizer.encode_with_eos("The house is wonderful.", length + 5) == ended);
  CHECK(tokenizer.encode_with_eos("The house is wonderful.", 3) == TokenIds{whole[0], whole[1], kEosId});
  CHECK(tokenizer.encode_with_eos("The house is wonderful.", 1) == TokenIds{kEosId});
  CHECK(tokenizer.encode_with_eos("", 8) == TokenIds{kEosId});
}

TEST_CASE("decoding ends at EOS and skips pads and ids without a piece") {
  const Tokenizer tokenizer(golden_path("text"));
  TokenIds ids = {kPadId};
  for (const TokenId id : tokenizer.encode("the river")) ids.push_back(id);
  ids.push_back(static_cast<TokenId>(tokenizer.size()) + 27);
  ids.push_back(kEosId);
  ids.push_back(ids[1]);
  CHECK(tokenizer.decode(ids) == "the river");
  CHECK(tokenizer.decode(TokenIds{}).empty());
}

TEST_CASE("a missing, damaged or foreign vocabulary is refused") {
  const ScratchDirectory scratch;
  CHECK_THROWS_MATCHES(Tokenizer(scratch.path()), Error, FailsWith(ExitCode::bad_data, "spiece.model"));
  const std::string model = test::read_text(golden_path("text/spiece.model"));
  const std::vector<std::string> damaged = {"", "not a model", model.substr(0, model.size() / 2), model.substr(7),
                                            std::string(100, '\xFF')};
  for (const std::string& bytes : damaged) {
    test::write_text(scratch / "spiece.model", bytes);
    CHECK_THROWS_MATCHES(Tokenizer(scratch.path()), Error, FailsWith(ExitCode::bad_data, "spiece.model"));
  }
  CHECK_THROWS_MATCHES(Tokenizer(golden_path("text/other_layout")), Error,
                       FailsWith(ExitCode::bad_data, "other_layout", "pad, eos and unk", "0, 1, 2"));
}

TEST_CASE("a base with too small an embedding is refused") {
  const Tokenizer tokenizer(golden_path("text"));
  tokenizer.check_vocab_size(500, "config.json");
  tokenizer.check_vocab_size(512, "config.json");
  CHECK_THROWS_MATCHES(tokenizer.check_vocab_size(499, "config.json"), Error,
                       FailsWith(ExitCode::bad_data, "config.json", "vocab_size 499", "500"));
}

}  // namespace
}  // namespace phatgoose
