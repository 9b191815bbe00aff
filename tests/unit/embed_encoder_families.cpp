// Against `transformers`: tests/oracle/make_encoder_family_goldens.py.
#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include "phatgoose/embed/sentence_encoder.h"
#include "support/encoder_copy.h"
#include "support/expect_error.h"

namespace phatgoose {
namespace {

using test::EncoderCopy;
using test::expect_bad_data;
using test::golden_path;
using test::write_text;

constexpr double kFamilyTolerance = 1e-5;
constexpr const char* kPromptFile = "config_sentence_transformers.json";
const std::string kMpnet = "encoder_families/mpnet", kNomic = "encoder_families/nomic";

Json families() { return read_json(golden_path("encoder_families/expected.json")); }

std::vector<std::string> family_texts() { return families().at("texts").get<std::vector<std::string>>(); }

/// Largest difference from the golden embeddings of all texts.
double difference(const SentenceEncoder& encoder, TextRole role, const std::string& expected) {
  const SafetensorsFile file(golden_path("encoder_families/expected.safetensors"));
  const at::Tensor embeddings = encoder.embed(family_texts(), role);
  const at::Tensor golden = to_tensor(file.at(expected), at::kCPU, at::kFloat);
  REQUIRE(embeddings.sizes() == golden.sizes());
  return (embeddings - golden).abs().max().item<double>();
}

std::unique_ptr<SentenceEncoder> load_copy(const EncoderCopy& copy) {
  return load_sentence_encoder(copy.directory(), at::kCPU);
}

/// NomicBERT's config.json in the words of transformers.
void respell(const EncoderCopy& copy) {
  const Json published = read_json(copy / "config.json");
  const Json rotary = {{"rope_type", "default"}, {"rope_theta", published["rotary_emb_base"]}};
  write_text(copy / "config.json", Json({{"model_type", "nomic_bert"},
                                         {"vocab_size", published["vocab_size"]},
                                         {"hidden_size", published["n_embd"]},
                                         {"intermediate_size", published["n_inner"]},
                                         {"num_hidden_layers", published["n_layer"]},
                                         {"num_attention_heads", published["n_head"]},
                                         {"max_position_embeddings", published["n_positions"]},
                                         {"type_vocab_size", published["type_vocab_size"]},
                                         {"layer_norm_eps", published["layer_norm_epsilon"]},
                                         {"hidden_act", "silu"},
                                         {"rope_parameters", rotary}})
                                       .dump());
}

TEST_CASE("MPNet and NomicBERT embeddings agree with the reference") {
  const std::string family = GENERATE("mpnet", "nomic");
  const EncoderCopy copy("encoder_families/" + family);
  CHECK(difference(*load_copy(copy), TextRole::plain, family + ".mean") < kFamilyTolerance);
  copy.set("1_Pooling/config.json", {{"pooling_mode_cls_token", true}, {"pooling_mode_mean_tokens", false}});
  CHECK(difference(*load_copy(copy), TextRole::plain, family + ".cls") < kFamilyTolerance);
}

TEST_CASE("each role has its prompt") {
  const std::string family = GENERATE("bge", "e5", "nomic");
  const EncoderCopy copy(family == "nomic" ? kNomic : "encoder/model");
  if (family == "bge") write_text(copy / "1_Pooling/config.json", R"({"pooling_mode": "cls"})");
  Json prompts = families().at("prompts").at(family);
  if (family == "e5") prompts = {{"query", prompts["query"]}, {"passage", prompts["document"]}};
  write_text(copy / kPromptFile, Json({{"prompts", prompts}}).dump());
  const auto encoder = load_copy(copy);
  CHECK(difference(*encoder, TextRole::query, family + ".query") < kFamilyTolerance);
  CHECK(difference(*encoder, TextRole::document, family + ".document") < kFamilyTolerance);
  CHECK(difference(*encoder, TextRole::query, family + ".document") > 0.01);
}

TEST_CASE("a default prompt is that of plain texts and of roles without a prompt") {
  const EncoderCopy copy(kNomic);
  write_text(copy / kPromptFile, R"({"default_prompt_name": "any", "prompts": {"any": "search_query: "}})");
  const TextRole role = GENERATE(TextRole::plain, TextRole::query, TextRole::document);
  CHECK(difference(*load_copy(copy), role, "nomic.query") < kFamilyTolerance);
}

TEST_CASE("prompts for other purposes change nothing, others change the fingerprint") {
  const EncoderCopy copy("encoder/model");
  const auto fingerprint_with = [&](const std::string& prompts) {
    write_text(copy / kPromptFile, prompts);
    return load_copy(copy)->fingerprint();
  };
  const std::string bare = load_copy(copy)->fingerprint();
  CHECK(fingerprint_with(R"({"prompts": {"query": "", "document": ""}, "default_prompt_name": null})") == bare);
  CHECK(fingerprint_with(R"({"prompts": {"clustering": "clustering: "}})") == bare);
  const std::string query = fingerprint_with(R"({"prompts": {"query": "the "}})");
  CHECK(query != bare);
  CHECK(fingerprint_with(R"({"prompts": {"document": "the "}})") != query);
  CHECK(fingerprint_with(R"({"prompts": {"passage": "the ", "corpus": "a "}})") ==
        fingerprint_with(R"({"prompts": {"document": "the "}})"));
}

TEST_CASE("a prompt counts towards the length of a text") {
  const EncoderCopy copy(kNomic);
  copy.set("sentence_bert_config.json", {{"max_seq_length", 40}});
  write_text(copy / kPromptFile, R"({"prompts": {"query": "the goose "}})");
  const auto encoder = load_copy(copy);
  std::string text = "the";
  for (int i = 0; i < 36; ++i) text += " south";  // 37 pieces, and the two ends
  CHECK_FALSE(encoder->cuts(text, TextRole::document));
  CHECK(encoder->cuts(text, TextRole::query));
  text.resize(text.size() - 6);
  CHECK_FALSE(encoder->cuts(text, TextRole::query));
  copy.set("sentence_bert_config.json", {{"max_seq_length", 4}});
  expect_bad_data([&] { load_copy(copy); }, {kPromptFile, "\"the goose \"", "fewer pieces", "4"});
}

TEST_CASE("prompts that cannot be put before a text are refused") {
  const EncoderCopy copy("encoder/model");
  const auto refused = [&](const std::string& json, const std::vector<std::string>& words) {
    write_text(copy / kPromptFile, json);
    expect_bad_data([&] { load_copy(copy); }, words);
  };
  refused(R"({"prompts": ["query: "]})", {kPromptFile, "prompts", "an object"});
  refused(R"({"prompts": {"query": 3}})", {kPromptFile, "prompts", "query"});
  refused(R"({"prompts": {"query": "q"}, "default_prompt_name": "other"})", {kPromptFile, "\"other\""});
  refused(R"({"suffix": "<end>"})", {kPromptFile, "suffix \"<end>\""});
  refused("[]", {kPromptFile, "no JSON object"});
  copy.set("1_Pooling/config.json", {{"include_prompt", false}});
  refused(R"({"prompts": {"query": "q"}})", {"1_Pooling", "include_prompt false"});
  write_text(copy / kPromptFile, R"({"prompts": {"query": ""}})");
  load_copy(copy);
}

TEST_CASE("NomicBERT is read in the words of transformers, too") {
  const EncoderCopy copy(kNomic);
  const std::string published = load_copy(copy)->fingerprint();
  respell(copy);
  const auto encoder = load_copy(copy);
  CHECK(difference(*encoder, TextRole::plain, "nomic.mean") < kFamilyTolerance);
  CHECK(encoder->fingerprint() == published);
}

TEST_CASE("rotary positions set no limit, but scaled ones are cut where scaling begins") {
  const EncoderCopy copy(kNomic);
  copy.set("sentence_bert_config.json", {{"max_seq_length", 300}});  // n_positions is 160
  CHECK(load_copy(copy)->max_length() == 300);
  copy.set("config.json", {{"rotary_scaling_factor", 2}, {"max_trained_positions", 20}});
  CHECK(load_copy(copy)->max_length() == 20);
  copy.remove("sentence_bert_config.json");
  CHECK(load_copy(copy)->max_length() == 20);
  copy.set("config.json", {{"rotary_scaling_factor", nullptr}});
  CHECK(load_copy(copy)->max_length() == 160);
}

TEST_CASE("MPNet's longest text leaves out the positions of the padding") {
  const EncoderCopy copy(kMpnet);
  copy.set("sentence_bert_config.json", {{"max_seq_length", 158}});
  CHECK(load_copy(copy)->max_length() == 158);
  copy.set("sentence_bert_config.json", {{"max_seq_length", 159}});
  expect_bad_data([&] { load_copy(copy); }, {"159 pieces", "3 to 158"});
}

TEST_CASE("the fingerprint tells apart what is computed with the same weights") {
  const EncoderCopy copy(kNomic);
  const std::string original = load_copy(copy)->fingerprint();
  copy.set("config.json",
           GENERATE(Json({{"rotary_emb_base", 10000}}), Json({{"layer_norm_epsilon", 1e-5}}), Json({{"n_head", 2}})));
  CHECK(load_copy(copy)->fingerprint() != original);
}

TEST_CASE("what MPNet and NomicBERT do not compute is refused by name") {
  struct Case {
    std::string encoder;
    Json members;
    std::vector<std::string> words;
  };
  const auto row = GENERATE(values<Case>({
      {kMpnet, {{"relative_attention_num_buckets", 64}}, {"relative_attention_num_buckets 64", "32"}},
      {kMpnet, {{"pad_token_id", 0}}, {"pad_token_id 0"}},
      {kMpnet, {{"hidden_act", "silu"}}, {"hidden_act \"silu\""}},
      {kNomic, {{"activation_function", "geglu"}}, {"activation_function \"geglu\"", "\"swiglu\""}},
      {kNomic, {{"qkv_proj_bias", true}}, {"qkv_proj_bias true"}},
      {kNomic, {{"mlp_fc1_bias", nullptr}}, {"mlp_fc1_bias true"}},
      {kNomic, {{"prenorm", true}}, {"prenorm true"}},
      {kNomic, {{"causal", true}}, {"causal true"}},
      {kNomic, {{"use_rms_norm", true}}, {"use_rms_norm true"}},
      {kNomic, {{"parallel_block", true}}, {"parallel_block true"}},
      {kNomic, {{"rotary_emb_interleaved", true}}, {"rotary_emb_interleaved true"}},
      {kNomic, {{"scale_attn_weights", false}}, {"scale_attn_weights false"}},
      {kNomic, {{"rotary_emb_fraction", 0.5}}, {"rotary_emb_fraction 0.5"}},
      {kNomic, {{"rotary_emb_scale_base", 512}}, {"rotary_emb_scale_base 512"}},
      {kNomic, {{"moe_every_n_layers", 2}}, {"moe_every_n_layers 2"}},
      {kNomic, {{"n_head", 16}}, {"size 1", "even"}},
      {kNomic, {{"n_head", 3}}, {"a hidden size of 16", "heads, 3"}},
      {kNomic, {{"rotary_scaling_factor", 2}, {"max_trained_positions", nullptr}}, {"max_trained_positions"}},
      {kNomic, {{"n_inner", 32}}, {"encoder.layers.0.mlp.fc12.weight", "[24, 16]", "[32, 16]"}},
  }));
  const EncoderCopy copy(row.encoder);
  copy.set("config.json", row.members);
  expect_bad_data([&] { load_copy(copy); }, row.words);
}

TEST_CASE("what transformers' NomicBERT could besides is refused by name") {
  const EncoderCopy copy(kNomic);
  respell(copy);
  SECTION("activation") {
    copy.set("config.json", {{"hidden_act", "gelu"}});
    expect_bad_data([&] { load_copy(copy); }, {"hidden_act \"gelu\"", "\"silu\""});
  }
  SECTION("scaled positions") {
    copy.set("config.json", {{"rope_parameters", {{"rope_type", "dynamic"}}}});
    expect_bad_data([&] { load_copy(copy); }, {"rope_parameters", "rope_type \"dynamic\""});
  }
  SECTION("other heads") {
    copy.set("config.json", {{"head_dim", 8}});
    expect_bad_data([&] { load_copy(copy); }, {"head_dim 8"});
  }
  SECTION("no positions") {
    copy.set("config.json", {{"rope_parameters", nullptr}});
    expect_bad_data([&] { load_copy(copy); }, {"rope_parameters"});
  }
}

}  // namespace
}  // namespace phatgoose
