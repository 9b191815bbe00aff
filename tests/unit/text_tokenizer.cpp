// Against T5Tokenizer of `transformers`: tests/oracle/make_text_goldens.py.
#include "phatgoose/text/tokenizer.h"

#include <catch2/catch.hpp>
#include <cstdlib>

#include "phatgoose/base/json.h"
#include "phatgoose/text/tokenizer_files.h"
#include "support/fails_with.h"
#include "support/golden.h"
#include "support/scratch_directory.h"

namespace phatgoose {
namespace {

using test::FailsWith;
using test::golden_path;
using test::ScratchDirectory;

const Json& golden() {
  static const Json json = read_json(golden_path("text/ids.json"));
  return json;
}

void check_rows(const Tokenizer& tokenizer, const Json& rows) {
  REQUIRE_FALSE(rows.empty());
  for (const Json& row : rows) {
    const auto text = row.at("text").get<std::string>();
    const auto ids = row.at("ids").get<TokenIds>();
    INFO(text);
    CHECK(tokenizer.encode(text) == ids);
    CHECK(tokenizer.decode(ids) == row.at("decoded").get<std::string>());
  }
}

/// A directory of JSON files and, perhaps, the small vocabulary.
class TokenizerDirectory {
 public:
  explicit TokenizerDirectory(const Json& files, bool has_spiece = true) {
    if (has_spiece) fs::copy(golden_path("text/small/spiece.model"), scratch_.path());
    for (const auto& [name, content] : files.items()) test::write_text(scratch_ / name, content.dump());
  }
  operator fs::path() const { return scratch_.path(); }

 private:
  ScratchDirectory scratch_;
};

const Json& golden_case(const std::string& name) {
  for (const Json& entry : golden().at("cases")) {
    if (entry.at("name") == name) return entry;
  }
  throw std::runtime_error("no case " + name);
}

/// tokenizer.json as transformers 5 saves it, and its settings.
Json saved_files() { return golden_case("tokenizer.json").at("files"); }

void refused(const Json& files, const FailsWith& how, bool has_spiece = true) {
  CHECK_THROWS_MATCHES(Tokenizer(TokenizerDirectory(files, has_spiece)), Error, how);
}

Json config(const Json& settings) { return {{"tokenizer_config.json", settings}}; }

TEST_CASE("ids and texts are those of transformers") {
  const Tokenizer tokenizer(golden_path("text"));
  CHECK(tokenizer.size() == golden().at("size").get<std::int64_t>());
  check_rows(tokenizer, golden().at("rows"));
}

TEST_CASE("added tokens, settings and tokenizer.json are used as transformers uses them") {
  for (const Json& entry : golden().at("cases")) {
    DYNAMIC_SECTION(entry.at("name").get<std::string>()) {
      const TokenizerDirectory directory(entry.at("files"), entry.at("spiece").get<bool>());
      CHECK(has_tokenizer(directory));
      const Tokenizer tokenizer(directory);
      CHECK(tokenizer.size() == entry.at("size").get<std::int64_t>());
      check_rows(tokenizer, entry.at("rows"));
    }
  }
}

TEST_CASE("sentinels follow the pieces in falling order") {
  const Tokenizer tokenizer(golden_path("text"));
  CHECK(tokenizer.sentinel(0) == tokenizer.size() - 1);
  CHECK(tokenizer.sentinel(99) == tokenizer.size() - 100);
  CHECK(tokenizer.encode("<extra_id_0><extra_id_99>") == TokenIds{tokenizer.sentinel(0), tokenizer.sentinel(99)});
  CHECK(tokenizer.encode("<extra_id_<extra_id_5>").back() == tokenizer.sentinel(5));
  const Tokenizer few(TokenizerDirectory(config({{"extra_ids", 20}})));
  CHECK(few.sentinel(19) == few.size() - 20);
  CHECK_THROWS_MATCHES(few.sentinel(20), Error, FailsWith(ExitCode::bad_data, "no <extra_id_20>"));
}

TEST_CASE("tokens know their places in the text") {
  const Tokenizer tokenizer(golden_path("text"));
  const std::string text = " \uFF34he  river</s> \uFB01ts\xFF \u4E2D.";
  const std::vector<TextToken> tokens = tokenizer.encode_with_places(text);
  TokenIds ids;
  std::string covered;
  std::size_t end = 0;
  for (const TextToken& token : tokens) {
    ids.push_back(token.id);
    CHECK(token.begin <= token.end);
    CHECK(token.end <= text.size());
    CHECK(token.begin >= (token.begin < end ? end - 3 : end));  // the two letters of the ligature stand in one place
    if (token.end > end) covered += text.substr(std::max(token.begin, end), token.end - std::max(token.begin, end));
    end = std::max(end, token.end);
  }
  CHECK(ids == tokenizer.encode(text));
  CHECK(covered == "\uFF34heriver</s>\uFB01ts\u4E2D.");  // the damaged byte counts as a space
}

TEST_CASE("a byte that is no UTF-8 stands for U+FFFD") {
  const Tokenizer tokenizer(golden_path("text"));
  CHECK(tokenizer.encode("the \xFF river") == tokenizer.encode("the \uFFFD river"));
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
  ids.push_back(-5);
  ids.push_back(kEosId);
  ids.push_back(ids[1]);
  CHECK(tokenizer.decode(ids) == "the river");
  CHECK(tokenizer.decode(TokenIds{}).empty());
}

TEST_CASE("the fingerprint is that of the ids, not of the files") {
  const std::string plain = Tokenizer(TokenizerDirectory(Json::object())).fingerprint();
  CHECK(Tokenizer(TokenizerDirectory(config({{"model_max_length", 64}, {"legacy", true}}))).fingerprint() == plain);
  CHECK(Tokenizer(TokenizerDirectory(config({{"extra_ids", 20}}))).fingerprint() != plain);
  const Json& added = golden_case("added_tokens_decoder").at("files");
  CHECK(Tokenizer(TokenizerDirectory(added)).fingerprint() != plain);
  CHECK(Tokenizer(TokenizerDirectory(added)).fingerprint() ==
        Tokenizer(TokenizerDirectory(saved_files(), false)).fingerprint());
}

TEST_CASE("a missing, damaged or foreign vocabulary is refused") {
  const ScratchDirectory scratch;
  CHECK_FALSE(has_tokenizer(scratch.path()));
  CHECK_THROWS_MATCHES(Tokenizer(scratch.path()), Error,
                       FailsWith(ExitCode::bad_data, "spiece.model", "tokenizer.json"));
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

TEST_CASE("no byte of a vocabulary can be wrong in a way that crashes") {
  const std::string model = test::read_text(golden_path("text/small/spiece.model"));
  const ScratchDirectory scratch;
  std::size_t refusals = 0;
  for (std::size_t i = 0; i < model.size(); ++i) {
    std::string bytes = model;
    bytes[i] = static_cast<char>(bytes[i] ^ (i % 2 == 0 ? 0x80 : 0x55));
    test::write_text(scratch / "spiece.model", bytes);
    try {
      Tokenizer(scratch.path()).encode("\uFB01 the \uFF21\u0301 e\u0301 river \x07");
    } catch (const Error& error) {
      CHECK(error.code() == ExitCode::bad_data);
      ++refusals;
    }
  }
  CHECK(refusals > 100);
}

TEST_CASE("settings that change ids and are not understood are refused by name") {
  const std::vector<std::pair<const char*, Json>> foreign = {{"add_bos_token", true},
                                                             {"add_eos_token", false},
                                                             {"add_prefix_space", false},
                                                             {"do_lower_case", true},
                                                             {"split_special_tokens", true},
                                                             {"truncation_side", "left"},
                                                             {"extra_ids", -1},
                                                             {"tokenizer_class", "LlamaTokenizer"},
                                                             {"sp_model_kwargs", {{"alpha", 0.1}}},
                                                             {"auto_map", {{"AutoTokenizer", "my.Tokenizer"}}},
                                                             {"eos_token", {{"content", "</s>"}}}};
  for (const auto& [key, value] : foreign) {
    refused(config({{key, value}}), FailsWith(ExitCode::bad_data, "tokenizer_config.json", key));
  }
  refused(config({{"tokenizer_class", "PreTrainedTokenizerFast"}}),
          FailsWith(ExitCode::bad_data, "needs tokenizer.json"));
  refused(config({{"eos_token", "<end>"}}), FailsWith(ExitCode::bad_data, "ids 0, 220, 2", "0, 1, 2"));
  refused(config({{"pad_token", nullptr}}), FailsWith(ExitCode::bad_data, "ids none, 1, 2"));
  refused({{"special_tokens_map.json", {{"odd", 1}}}}, FailsWith(ExitCode::bad_data, "special_tokens_map.json", "odd"));
  refused({{"tokenizer.model", 1}}, FailsWith(ExitCode::bad_data, "tokenizer.model"));
}

TEST_CASE("an added token whose id transformers would not give it is refused") {
  refused({{"added_tokens.json", {{"{", 230}}}},
          FailsWith(ExitCode::bad_data, "added_tokens.json", "\"{\" with id 230", "id 220"));
  refused(config({{"added_tokens_decoder", {{"221", {{"content", "{"}}}}}}),
          FailsWith(ExitCode::bad_data, "tokenizer_config.json", "\"{\" with id 221", "id 220"));
  refused(config({{"added_tokens_decoder", {{"x", {{"content", "{"}}}}}}), FailsWith(ExitCode::bad_data, "\"x\""));
  refused({{"added_tokens.json", {{"{", "220"}}}}, FailsWith(ExitCode::bad_data, "added_tokens.json", "\"{\""));
  refused({{"added_tokens.json", {{"\uFB01x", 220}, {"fix", 221}}}},
          FailsWith(ExitCode::bad_data, "\"fix\"", "normalised"));
}

TEST_CASE("a tokenizer.json that is not T5's is refused, by the part that differs") {
  const auto changed = [](const char* pointer, const Json& value) {
    Json files = saved_files();
    files["tokenizer.json"][Json::json_pointer(pointer)] = value;
    return files;
  };
  const std::vector<std::tuple<const char*, Json, const char*>> foreign = {
      {"/model/type", "BPE", "the model BPE"},
      {"/model/unk_id", 0, "unk_id 0"},
      {"/model/vocab/3", "piece", "the piece \"piece\""},
      {"/normalizer", {{"type", "Lowercase"}}, "the normalizer Lowercase"},
      {"/normalizer/precompiled_charsmap", "AAAA", "precompiled_charsmap"},
      {"/normalizer/precompiled_charsmap", "?", "precompiled_charsmap"},
      {"/pre_tokenizer", nullptr, "the pre_tokenizer null"},
      {"/pre_tokenizer/pretokenizers/0/type", "ByteLevel", "the pre_tokenizer ByteLevel, Metaspace"},
      {"/pre_tokenizer/pretokenizers/1/prepend_scheme", "never", "prepend_scheme never"},
      {"/pre_tokenizer/pretokenizers/1/replacement", "_", "replacement"},
      {"/decoder", {{"type", "ByteLevel"}}, "the decoder ByteLevel"},
      {"/post_processor/single", Json::array(), "the post_processor"},
      {"/added_tokens/0/content", "", "without content"},
  };
  for (const auto& [pointer, value, found] : foreign) {
    INFO(pointer);
    refused(changed(pointer, value), FailsWith(ExitCode::bad_data, "tokenizer.json", found), false);
  }
  Json own = changed("/pre_tokenizer", saved_files()["tokenizer.json"]["decoder"]);
  own["tokenizer_config.json"] = {{"tokenizer_class", "PreTrainedTokenizerFast"}};
  refused(own, FailsWith(ExitCode::bad_data, "the pre_tokenizer Metaspace", "WhitespaceSplit"), false);
}

TEST_CASE("spiece.model and tokenizer.json that contradict each other are refused") {
  Json files = saved_files();
  files["tokenizer.json"]["model"]["vocab"][7][0] = "other";
  refused(files, FailsWith(ExitCode::bad_data, "spiece.model", "piece 7", "\"other\""));
  files = saved_files();
  files["tokenizer.json"]["model"]["vocab"][7][1] = -1.0;
  refused(files, FailsWith(ExitCode::bad_data, "spiece.model", "piece 7", "with score -1.0"));
  files = saved_files();
  files["tokenizer.json"]["normalizer"] = nullptr;
  refused(files, FailsWith(ExitCode::bad_data, "spiece.model", "another normaliser"));
}

TEST_CASE("a base with too small an embedding is refused") {
  const Tokenizer tokenizer(golden_path("text"));
  tokenizer.check_vocab_size(500, "config.json");
  tokenizer.check_vocab_size(512, "config.json");
  CHECK_THROWS_MATCHES(tokenizer.check_vocab_size(499, "config.json"), Error,
                       FailsWith(ExitCode::bad_data, "config.json", "vocab_size 499", "500"));
  const TokenizerDirectory added(golden_case("added_tokens.json").at("files"));
  CHECK(Tokenizer::of_base(added, 222));
  CHECK_THROWS_MATCHES(Tokenizer::of_base(added, 221), Error,
                       FailsWith(ExitCode::bad_data, "vocab_size 221", "222", "2 tokens that were added"));
  CHECK_FALSE(Tokenizer::of_base(ScratchDirectory().path(), 5));
}

/// For tests/oracle/check_tokenizer.py.
TEST_CASE("Write the ids of given texts and the texts of given ids", "[.][tokenize]") {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    INFO(name);
    REQUIRE(value != nullptr);
    return std::string(value);
  };
  const Tokenizer tokenizer(variable("PHATGOOSE_TOKENIZER"));
  Json result = {{"ids", Json::array()}, {"texts", Json::array()}};
  for (const Json& text : read_json(variable("PHATGOOSE_TEXTS"))) {
    result["ids"].push_back(tokenizer.encode(text.get<std::string>()));
  }
  for (const Json& ids : read_json(variable("PHATGOOSE_IDS"))) {
    result["texts"].push_back(tokenizer.decode(ids.get<TokenIds>()));
  }
  test::write_text(variable("PHATGOOSE_RESULT"), result.dump());
}

TEST_CASE("a copied tokenizer is the same") {
  const TokenizerDirectory from(saved_files());
  const ScratchDirectory to;
  CHECK(copy_tokenizer_files(from, to.path()) ==
        std::vector<std::string>{"tokenizer_config.json", "tokenizer.json", "spiece.model"});
  CHECK(Tokenizer(to.path()).fingerprint() == Tokenizer(from).fingerprint());
}

}  // namespace
}  // namespace phatgoose
