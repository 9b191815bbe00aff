#include "phatgoose/store/t5_config.h"

#include <catch2/catch.hpp>
#include <functional>
#include <set>

#include "phatgoose/store/manifest.h"
#include "support/expect_error.h"
#include "support/golden.h"
#include "support/scratch_directory.h"
#include "support/stderr_of.h"

namespace phatgoose {
namespace {

using test::expect_bad_data;
using test::golden_path;
using test::stderr_of;

Json small_json() {
  return Json{{"model_type", "t5"},   {"vocab_size", 320}, {"d_model", 32},    {"d_kv", 8},
              {"d_ff", 64},           {"num_layers", 2},   {"num_heads", 4},   {"feed_forward_proj", "gated-gelu"},
              {"dropout_rate", 0.25}, {"pad_token_id", 0}, {"eos_token_id", 1}};
}

T5Config sized(std::int64_t layers, std::int64_t d_model, std::int64_t d_ff, std::int64_t heads) {
  T5Config config;
  config.num_layers = config.num_decoder_layers = layers;
  config.d_model = d_model;
  config.d_ff = d_ff;
  config.num_heads = heads;
  return config;
}

struct Counts {
  std::size_t linears;
  std::int64_t lora, gate;
};

Counts counts_of(const T5Config& config, std::int64_t rank) {
  Counts counts{0, 0, 0};
  for (const LinearSpec& linear : adapted_linears(config)) {
    ++counts.linears;
    counts.lora += rank * (linear.in + linear.out);
    counts.gate += linear.in;
  }
  return counts;
}

TEST_CASE("T5-XL has the parameter counts of the paper") {
  const Counts counts = counts_of(sized(24, 2048, 5120, 32), 16);
  CHECK(counts.linears == 432);
  CHECK(counts.lora == 35'389'440);
  CHECK(counts.gate == 1'032'192);
}

TEST_CASE("T5-XXL adapts as many linears as T5-XL") {
  const Counts counts = counts_of(sized(24, 4096, 10240, 64), 16);
  CHECK(counts.linears == 432);
  CHECK(counts.lora == 24 * 16 * (12 * (4096 + 4096) + 6 * (4096 + 10240)));
  CHECK(counts.gate == 24 * (12 * 4096 + 4 * 4096 + 2 * 10240));
}

TEST_CASE("linear groups follow the order of computation") {
  T5Config config = sized(1, 32, 64, 4);
  config.d_kv = 5;
  const auto groups = linear_groups(config);
  std::vector<std::string> firsts;
  for (const auto& group : groups) firsts.push_back(group.linears.front().path);
  CHECK(firsts == std::vector<std::string>{
                      "encoder.block.0.layer.0.SelfAttention.q", "encoder.block.0.layer.0.SelfAttention.o",
                      "encoder.block.0.layer.1.DenseReluDense.wi_0", "encoder.block.0.layer.1.DenseReluDense.wo",
                      "decoder.block.0.layer.0.SelfAttention.q", "decoder.block.0.layer.0.SelfAttention.o",
                      "decoder.block.0.layer.1.EncDecAttention.q", "decoder.block.0.layer.1.EncDecAttention.k",
                      "decoder.block.0.layer.1.EncDecAttention.o", "decoder.block.0.layer.2.DenseReluDense.wi_0",
                      "decoder.block.0.layer.2.DenseReluDense.wo"});
  const std::vector<std::size_t> sizes = {3, 1, 2, 1, 3, 1, 1, 2, 1, 2, 1};
  const std::vector<bool> encoder_tokens = {true, true, true, true, false, false, false, true, false, false, false};
  REQUIRE(groups.size() == sizes.size());
  for (std::size_t i = 0; i < groups.size(); ++i) {
    CHECK(groups[i].linears.size() == sizes[i]);
    CHECK(groups[i].on_encoder_tokens == encoder_tokens[i]);
    for (const auto& linear : groups[i].linears) CHECK(linear.in == groups[i].linears[0].in);
  }
  CHECK(groups[0].linears[0].out == 20);  // heads x head size, not d_model
  CHECK(groups[1].linears[0].in == 20);
  CHECK(groups[3].linears[0].in == 64);
}

TEST_CASE("the plain feed-forward of v1.0 has one input linear") {
  T5Config config = sized(2, 32, 64, 4);
  config.feed_forward = FeedForwardKind::relu;
  std::set<std::string> names;
  for (const auto& linear : adapted_linears(config)) names.insert(linear.path);
  CHECK(names.size() == 2 * 6 + 2 * 10);
  CHECK(names.contains("decoder.block.1.layer.2.DenseReluDense.wi"));
}

TEST_CASE("config.json is read as transformers reads it") {
  const T5Config config = parse_t5_config(small_json(), "config.json");
  CHECK(config.num_decoder_layers == 2);
  CHECK(config.inner_dim() == 32);
  CHECK(config.relative_attention_max_distance == 128);
  CHECK(config.dropout_rate == 0.25);
  CHECK(config.decoder_start_token_id == 0);
  Json without_feed_forward = small_json();
  without_feed_forward.erase("feed_forward_proj");
  CHECK(parse_t5_config(without_feed_forward, "config.json").feed_forward == FeedForwardKind::relu);
}

TEST_CASE("the decoder output is scaled as the configuration says") {
  const auto scaled = [](const Json& extra) {
    Json json = small_json();
    json.update(extra);
    return parse_t5_config(json, "config.json").scale_decoder_outputs;
  };
  CHECK(scaled(Json::object()));
  CHECK(scaled({{"tie_word_embeddings", true}}));
  CHECK_FALSE(scaled({{"tie_word_embeddings", false}}));
  CHECK_FALSE(scaled({{"tie_word_embeddings", true}, {"scale_decoder_outputs", false}}));
  CHECK(scaled({{"tie_word_embeddings", false}, {"scale_decoder_outputs", true}}));
}

TEST_CASE("a written configuration reads back") {
  for (const bool tied : {false, true}) {
    T5Config config = parse_t5_config(small_json(), "config.json");
    config.scale_decoder_outputs = config.tie_word_embeddings = tied;
    config.feed_forward = tied ? FeedForwardKind::relu : FeedForwardKind::gated_gelu;
    config.num_decoder_layers = 3;
    const Json json = to_json(config, "float32");
    T5Config again;
    CHECK(stderr_of([&] { again = parse_t5_config(json, "config.json"); }).empty());
    CHECK(again.scale_decoder_outputs == tied);
    CHECK(again.tie_word_embeddings == tied);
    CHECK(to_json(again, "float32") == json);
  }
}

TEST_CASE("keys that would change the computation are refused unless they say what holds anyway") {
  struct Case {
    const char* key;
    Json same, other;
  };
  const auto row = GENERATE(values<Case>({
      {"is_encoder_decoder", true, false},
      {"tie_encoder_decoder", false, true},
      {"is_gated_act", true, false},
      {"dense_act_fn", "gelu_new", "gelu"},
      {"hidden_size", 32, 64},
      {"head_dim", 8, 4},
      {"num_hidden_layers", 2, 1},
      {"num_attention_heads", 4, 2},
      {"quantization_config", nullptr, {{"quant_method", "bitsandbytes"}, {"load_in_8bit", true}}},
      {"pruned_heads", Json::object(), {{"0", {1}}}},
      {"per_layer_config", nullptr, {{"0", {{"d_ff", 8}}}}},
      {"configuration_files", Json::array(), Json::array({"config.4.0.0.json"})},
      {"architectures", Json::array({"T5ForConditionalGeneration"}), Json::array({"T5EncoderModel"})},
      {"architectures", Json::array({"T5WithLMHeadModel"}), Json::array({"UMT5ForConditionalGeneration"})},
  }));
  CAPTURE(row.key);
  Json json = small_json();
  for (const Json& value : {row.same, Json(nullptr)}) {
    json[row.key] = value;
    CHECK(stderr_of([&] { parse_t5_config(json, "config.json"); }).empty());
  }
  json[row.key] = row.other;
  expect_bad_data([&] { parse_t5_config(json, "here/config.json"); }, {"here/config.json: ", row.key});
}

TEST_CASE("the activation of v1.0 is ReLU, by every key") {
  Json json = small_json();
  json["feed_forward_proj"] = "relu";
  json["dense_act_fn"] = "relu";
  json["is_gated_act"] = false;
  CHECK(parse_t5_config(json, "config.json").feed_forward == FeedForwardKind::relu);
  json["is_gated_act"] = true;
  expect_bad_data([&] { parse_t5_config(json, "config.json"); }, {"is_gated_act true", "false"});
}

TEST_CASE("keys that transformers writes and that change nothing pass without a word") {
  const std::string path = golden_path("store/t5_config_4.json");  // all keys of transformers 4, with their defaults
  CHECK(stderr_of([&] { parse_t5_config(read_json(path), path); }).empty());
  Json json = small_json();
  json.update({{"n_positions", 512},
               {"output_past", true},
               {"task_specific_params", {{"summarization", {{"num_beams", 4}}}}},
               {"num_beams", 4},
               {"torch_dtype", "float16"},
               {"_name_or_path", "google/t5-v1_1-small"}});
  CHECK(stderr_of([&] { parse_t5_config(json, "config.json"); }).empty());
}

TEST_CASE("unknown keys with a value are said, once") {
  Json json = small_json();
  json["rope_theta"] = 10000;
  json["attention_window"] = nullptr;
  json["parallel_layers"] = true;
  const auto said = [&] { return stderr_of([&] { parse_t5_config(json, "unknown/config.json"); }); };
  CHECK_THAT(said(), Catch::EndsWith("unknown/config.json: ignored keys: rope_theta, parallel_layers\n"));
  CHECK(said().empty());
}

TEST_CASE("unusable configurations are refused with the reason") {
  struct Case {
    const char* key;
    Json value;
    std::vector<std::string> words;
  };
  const auto row = GENERATE(values<Case>({
      {"d_model", 0, {"d_model 0"}},
      {"d_model", -8, {"d_model -8"}},
      {"d_model", 1LL << 40, {"d_model"}},
      {"d_model", "32", {"d_model"}},
      {"d_model", 32.5, {"d_model"}},
      {"num_layers", nullptr, {"num_layers"}},
      {"num_decoder_layers", 0, {"num_decoder_layers 0"}},
      {"feed_forward_proj", "gated-silu", {"gated-silu", "gated-gelu"}},
      {"model_type", "bart", {"bart", "t5"}},
      {"dropout_rate", 1.0, {"dropout_rate"}},
      {"dropout_rate", -0.1, {"dropout_rate"}},
      {"layer_norm_epsilon", 0, {"layer_norm_epsilon"}},
      {"relative_attention_num_buckets", 31, {"relative_attention_num_buckets", "even"}},
      {"relative_attention_num_buckets", 2, {"relative_attention_num_buckets"}},
      {"relative_attention_max_distance", 16, {"relative_attention_max_distance", "16"}},
      {"pad_token_id", 320, {"pad_token_id 320", "319"}},
      {"eos_token_id", -1, {"eos_token_id"}},
      {"tie_word_embeddings", "no", {"tie_word_embeddings"}},
  }));
  Json json = small_json();
  json[row.key] = row.value;
  expect_bad_data([&] { parse_t5_config(json, "here/config.json"); }, row.words);
  expect_bad_data([&] { parse_t5_config(json, "here/config.json"); }, {"here/config.json"});
}

TEST_CASE("an adapter in place of a base model is told as such") {
  const test::ScratchDirectory scratch;
  test::write_text(scratch / "adapter_config.json", "{}");
  expect_bad_data([&] { read_t5_config(scratch.path()); }, {scratch.path().string(), "an adapter", "--expert"});
  expect_bad_data([&] { base_fingerprint(scratch.path()); }, {"an adapter", "--expert"});
}

TEST_CASE("a directory without config.json is named") {
  const test::ScratchDirectory scratch;
  expect_bad_data([&] { read_t5_config(scratch.path()); }, {scratch.path().string(), "config.json"});
  test::write_text(scratch / "config.json", "{\"d_model\": 32, \"d_model\": 64}");
  expect_bad_data([&] { read_t5_config(scratch.path()); }, {"config.json", "d_model"});
}

}  // namespace
}  // namespace phatgoose
