// Against the `tokenizers` and `transformers` packages: tests/oracle/make_encoder_goldens.py.
#include "phatgoose/text/wordpiece.h"

#include <zlib.h>

#include <catch2/catch.hpp>
#include <functional>
#include <set>

#include "phatgoose/base/json.h"
#include "phatgoose/text/unicode.h"
#include "support/expect_error.h"
#include "support/golden.h"
#include "support/scratch_directory.h"

namespace phatgoose {
namespace {

using test::expect_bad_data;
using test::golden_path;
using test::ScratchDirectory;
using test::write_text;

constexpr const char* kTokens = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";

/// The golden vocabulary with settings of its own and no tokenizer.json.
WordPieceTokenizer golden_tokenizer(const ScratchDirectory& scratch, const Json& settings) {
  write_text(scratch / "vocab.txt", test::read_text(golden_path("encoder/model/vocab.txt")));
  write_text(scratch / "tokenizer_config.json", settings.dump());
  return WordPieceTokenizer(scratch.path());
}

TEST_CASE("wordpiece ids are those of the reference tokenizer") {
  const Json golden = read_json(golden_path("encoder/expected.json"));
  const auto texts = golden.at("texts").get<std::vector<std::string>>();
  REQUIRE(texts.size() >= 60);
  for (const auto& [kind, settings] : golden.at("tokenizers").items()) {
    const ScratchDirectory scratch;
    const WordPieceTokenizer tokenizer = golden_tokenizer(scratch, settings);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      INFO(kind << ", text " << i << ": " << texts[i].substr(0, 80));
      CHECK(tokenizer.encode(texts[i], golden.at("max_length").get<std::int64_t>()) ==
            golden.at("ids").at(kind).at(i).get<TokenIds>());
    }
  }
}

TEST_CASE("tokens that tokenizer.json adds are found as the reference finds them") {
  const Json golden = read_json(golden_path("encoder_families/expected.json"));
  const auto texts = golden.at("texts").get<std::vector<std::string>>();
  for (const auto& [family, ids] : golden.at("ids").items()) {
    const WordPieceTokenizer tokenizer(golden_path("encoder_families/" + family));
    REQUIRE(ids.size() == texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i) {
      INFO(family << ", text " << i << ": " << texts[i].substr(0, 80));
      CHECK(tokenizer.encode(texts[i], golden.at("max_length").get<std::int64_t>()) == ids.at(i).get<TokenIds>());
    }
  }
}

TEST_CASE("the class of a tokenizer names its special tokens") {
  const ScratchDirectory scratch;
  write_text(scratch / "vocab.txt", "<s>\n<pad>\n</s>\n[UNK]\nthe\n<mask>\n");
  write_text(scratch / "tokenizer_config.json", R"({"tokenizer_class": "MPNetTokenizer"})");
  CHECK(WordPieceTokenizer(scratch.path()).encode("the goose<mask>", 9) == TokenIds{0, 4, 3, 5, 2});
  write_text(scratch / "tokenizer_config.json", "{}");
  expect_bad_data([&] { WordPieceTokenizer tokenizer(scratch.path()); }, {"vocab.txt", "no \"[CLS]\""});
  write_text(scratch / "tokenizer_config.json", R"({"tokenizer_class": "RobertaTokenizer"})");
  expect_bad_data([&] { WordPieceTokenizer tokenizer(scratch.path()); }, {"RobertaTokenizer", "MPNetTokenizer"});
}

/// The words of "aCb" for every character C of a block that is not left out, lines joined.
std::uint32_t checksum_of_block(char32_t begin, const std::set<char32_t>& left_out, const BertTextRules& rules) {
  std::u32string text;
  for (char32_t c = begin; c < begin + 1024; ++c)
    if (!left_out.contains(c) && (c < 0xD800 || c >= 0xE000)) text += {U'a', c, U'b', U' '};
  std::string lines;
  for (const std::string& word : bert_words(bert_normalized(encode_utf8(text), rules)))
    lines += (lines.empty() ? "" : "\n") + word;
  return static_cast<std::uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(lines.data()), static_cast<uInt>(lines.size())));
}

TEST_CASE("words agree with the reference around every character of Unicode") {
  const Json golden = read_json(golden_path("encoder/expected.json"));
  for (const char* kind : {"kept_case", "lower_case"}) {
    const Json& characters = golden.at("characters").at(kind);
    std::set<char32_t> left_out;
    for (const Json& c : characters.at("left_out")) left_out.insert(c.get<std::uint32_t>());
    CHECK(left_out.size() < 100);
    BertTextRules rules;
    rules.lower_case = std::string(kind) == "lower_case";
    const auto checksums = characters.at("checksums").get<std::vector<std::uint32_t>>();
    REQUIRE(checksums.size() == 0x110000 / 1024);
    for (std::size_t i = 0; i < checksums.size(); ++i) {
      INFO(kind << ", code points from " << i * 1024);
      CHECK(checksum_of_block(static_cast<char32_t>(i * 1024), left_out, rules) == checksums[i]);
    }
  }
}

TEST_CASE("bytes that are not UTF-8 are dropped like the replacement character") {
  CHECK(bert_normalized("a\xFF"
                        "b \xC3",
                        {}) == "ab ");
}

TEST_CASE("wordpiece truncation keeps both ends and takes what comes first") {
  const WordPieceTokenizer tokenizer(golden_path("encoder/model"));
  const TokenIds whole = tokenizer.encode("the goose flies", 100);
  REQUIRE(whole.size() > 4);
  CHECK(whole.front() == 2);
  CHECK(whole.back() == 3);
  for (std::size_t length = 2; length < whole.size(); ++length) {
    TokenIds cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length) - 1);
    cut.push_back(3);
    CHECK(tokenizer.encode("the goose flies", static_cast<std::int64_t>(length)) == cut);
  }
  CHECK(tokenizer.encode("", 100) == TokenIds{2, 3});
}

TEST_CASE("tokenizer.json, tokenizer_config.json and vocab.txt each suffice or add") {
  const fs::path model = golden_path("encoder/model");
  const std::string text = "The naïve goose, 中文 [MASK] unbelievable";
  const TokenIds expected = WordPieceTokenizer(model).encode(text, 100);
  const ScratchDirectory scratch;
  SECTION("tokenizer.json alone") {
    write_text(scratch / "tokenizer.json", test::read_text(model / "tokenizer.json"));
    CHECK(WordPieceTokenizer(scratch.path()).encode(text, 100) == expected);
    CHECK(WordPieceTokenizer(scratch.path()).fingerprint() == WordPieceTokenizer(model).fingerprint());
  }
  SECTION("vocab.txt alone is an uncased BERT") {
    write_text(scratch / "vocab.txt", test::read_text(model / "vocab.txt"));
    CHECK(WordPieceTokenizer(scratch.path()).encode(text, 100) == expected);
  }
  SECTION("tokenizer_config.json counts before tokenizer.json") {
    write_text(scratch / "tokenizer.json", test::read_text(model / "tokenizer.json"));
    write_text(scratch / "tokenizer_config.json", R"({"do_lower_case": false, "model_max_length": 77})");
    const WordPieceTokenizer tokenizer(scratch.path());
    CHECK(tokenizer.settings().max_length == 77);
    CHECK_FALSE(tokenizer.settings().text.strip_accents);
    CHECK(tokenizer.encode(text, 100) != expected);
    CHECK(tokenizer.fingerprint() != WordPieceTokenizer(model).fingerprint());
  }
  SECTION("no limit is written as a very large number") {
    write_text(scratch / "vocab.txt", kTokens);
    write_text(scratch / "tokenizer_config.json", R"({"model_max_length": 1000000000000000019884624838656})");
    CHECK_FALSE(WordPieceTokenizer(scratch.path()).settings().max_length.has_value());
  }
}

TEST_CASE("special tokens may have other names") {
  const ScratchDirectory scratch;
  write_text(scratch / "vocab.txt", "<u>\n<s>\n</s>\na\n##b\n");
  write_text(scratch / "tokenizer_config.json",
             R"({"unk_token": "<u>", "cls_token": {"content": "<s>"}, "sep_token": "</s>", "mask_token": null})");
  CHECK(WordPieceTokenizer(scratch.path()).encode("ab</s>x", 10) == TokenIds{1, 3, 4, 2, 0, 2});
}

TEST_CASE("tokenizers that do something else than BERT's are refused") {
  const ScratchDirectory scratch;
  const auto open = [&] { WordPieceTokenizer tokenizer(scratch.path()); };
  expect_bad_data(open, {scratch.path().string(), "no vocabulary", "vocab.txt"});
  write_text(scratch / "vocab.txt", "");
  expect_bad_data(open, {"vocab.txt", "an empty file"});
  write_text(scratch / "vocab.txt", "[PAD]\n[UNK]\n[CLS]\n");
  expect_bad_data(open, {"vocab.txt", "no \"[SEP]\""});
  write_text(scratch / "vocab.txt", kTokens);
  const auto refused_config = [&](const std::string& config, const std::vector<std::string>& words) {
    write_text(scratch / "tokenizer_config.json", config);
    expect_bad_data(open, words);
  };
  refused_config(R"({"tokenizer_class": "RobertaTokenizer"})", {"tokenizer_config.json", "RobertaTokenizer"});
  refused_config(R"({"do_basic_tokenize": false})", {"do_basic_tokenize"});
  refused_config(R"({"never_split": ["goose"]})", {"never_split", "goose"});
  refused_config(R"({"do_lower_case": "yes"})", {"do_lower_case"});
  refused_config(R"({"cls_token": 7})", {"cls_token"});
  refused_config("[]", {"tokenizer_config.json", "no JSON object"});
}

TEST_CASE("a tokenizer.json of another kind or another model is refused") {
  const ScratchDirectory scratch;
  const Json good = read_json(golden_path("encoder/model/tokenizer.json"));
  const auto refused = [&](const std::function<void(Json&)>& change, const std::vector<std::string>& words) {
    Json json = good;
    change(json);
    write_text(scratch / "tokenizer.json", json.dump());
    expect_bad_data([&] { WordPieceTokenizer tokenizer(scratch.path()); }, words);
  };
  refused([](Json& json) { json["model"]["type"] = "BPE"; }, {"tokenizer.json", "model BPE", "WordPiece"});
  refused([](Json& json) { json["normalizer"]["type"] = "NFC"; }, {"normalizer NFC", "BertNormalizer"});
  refused([](Json& json) { json["normalizer"] = nullptr; }, {"normalizer null"});
  refused([](Json& json) { json["pre_tokenizer"]["type"] = "Metaspace"; }, {"pre_tokenizer Metaspace"});
  refused([](Json& json) { json["added_tokens"][0]["content"] = ""; }, {"an added token without content"});
  refused([](Json& json) { json["model"]["vocab"]["goose"] = -1; }, {"goose", "-1"});
  refused([](Json& json) { json["model"]["vocab"] = Json::array(); }, {"vocabulary is no object"});
  write_text(scratch / "vocab.txt", test::read_text(golden_path("encoder/model/vocab.txt")));
  refused([](Json& json) { json["model"]["vocab"]["goose"] = 7; }, {"vocab.txt", "\"goose\" has id", "id 7"});
  refused([](Json& json) { json["model"]["vocab"]["gander"] = 7; }, {"vocab.txt", "no \"gander\""});
}

}  // namespace
}  // namespace phatgoose
