// Against `transformers`: tests/oracle/make_encoder_goldens.py.
#include "phatgoose/embed/sentence_encoder.h"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>
#include <functional>
#include <limits>

#include "phatgoose/base/json.h"
#include "phatgoose/nn/tensor_bridge.h"
#include "phatgoose/store/safetensors.h"
#include "support/encoder_copy.h"
#include "support/expect_error.h"
#include "support/golden.h"

namespace phatgoose {
namespace {

using test::EncoderCopy;
using test::expect_bad_data;
using test::golden_path;
using test::write_text;

constexpr double kTolerance = 1e-5;

std::vector<std::string> golden_texts() {
  return read_json(golden_path("encoder/expected.json")).at("texts").get<std::vector<std::string>>();
}

at::Tensor golden_embeddings(const std::string& name) {
  return to_tensor(SafetensorsFile(golden_path("encoder/expected.safetensors")).at(name), at::kCPU, at::kFloat);
}

std::unique_ptr<SentenceEncoder> load(const fs::path& directory) { return load_sentence_encoder(directory, at::kCPU); }

double largest_difference(const at::Tensor& a, const at::Tensor& b) {
  REQUIRE(a.sizes() == b.sizes());
  return (a - b).abs().max().item<double>();
}

TEST_CASE("sentence embeddings agree with the reference") {
  const auto texts = golden_texts();
  const auto encoder = load(golden_path("encoder/model"));
  CHECK(encoder->dimension() == 32);
  CHECK(encoder->name() == "model");
  const at::Tensor embeddings = encoder->embed(texts, TextRole::plain);
  CHECK(largest_difference(embeddings, golden_embeddings("mean")) < kTolerance);
  CHECK(largest_difference(embeddings.norm(2, 1), at::ones({embeddings.size(0)})) < kTolerance);
  CHECK_FALSE(embeddings.requires_grad());
}

TEST_CASE("the first token stands for the text where the pooling says so") {
  const EncoderCopy copy("encoder/model");
  SECTION("in flags") {
    copy.set("1_Pooling/config.json", {{"pooling_mode_cls_token", true}, {"pooling_mode_mean_tokens", false}});
  }
  SECTION("by name") { write_text(copy / "1_Pooling/config.json", R"({"pooling_mode": "cls"})"); }
  CHECK(largest_difference(load(copy.directory())->embed(golden_texts(), TextRole::plain), golden_embeddings("cls")) <
        kTolerance);
}

TEST_CASE("the activation is the one that config.json names") {
  const EncoderCopy copy("encoder/model");
  const std::string name = GENERATE("gelu_new", "relu");
  copy.set("config.json", {{"hidden_act", name}});
  const at::Tensor expected = golden_embeddings(name);
  auto texts = golden_texts();
  texts.resize(static_cast<std::size_t>(expected.size(0)));
  CHECK(largest_difference(load(copy.directory())->embed(texts, TextRole::plain), expected) < kTolerance);
}

TEST_CASE("an embedding does not depend on the other texts") {
  const auto texts = golden_texts();
  const auto encoder = load(golden_path("encoder/model"));
  std::vector<std::string> many;
  for (int i = 0; i < 6; ++i) many.insert(many.end(), texts.rbegin(), texts.rend());  // several batches
  const at::Tensor all = encoder->embed(many, TextRole::plain);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    INFO("text " << i);
    const at::Tensor alone = encoder->embed(std::span(texts).subspan(i, 1), TextRole::plain)[0];
    const auto n = static_cast<std::int64_t>(texts.size()), row = n - 1 - static_cast<std::int64_t>(i);
    CHECK(largest_difference(all[row], alone) < 1e-6);
    CHECK(largest_difference(all[5 * n + row], alone) < 1e-6);
  }
  CHECK(encoder->embed({}, TextRole::plain).sizes() == at::IntArrayRef({0, 32}));
}

TEST_CASE("a text is cut at max_seq_length, whatever tokenizer.json says") {
  const EncoderCopy copy("encoder/model");
  const std::vector<std::string> texts = {"the goose flies south in winter", "the goose flies"};
  const auto whole = load(copy.directory());
  copy.set("sentence_bert_config.json", {{"max_seq_length", 5}});  // [CLS] the goose flies [SEP]
  const auto shorter = load(copy.directory());
  const at::Tensor cut = shorter->embed(texts, TextRole::plain);
  CHECK(largest_difference(cut[0], cut[1]) < 1e-6);
  CHECK(largest_difference(cut[1], whole->embed(texts, TextRole::plain)[1]) < 1e-6);
  CHECK(largest_difference(cut[0], whole->embed(texts, TextRole::plain)[0]) > 0.01);
  CHECK(shorter->fingerprint() != whole->fingerprint());
  copy.remove("sentence_bert_config.json");  // then the positions are the limit
  CHECK(largest_difference(load(copy.directory())->embed(texts, TextRole::plain),
                           whole->embed(texts, TextRole::plain)) < 1e-6);
}

TEST_CASE("a plain BERT directory is pooled by the mean") {
  const EncoderCopy copy("encoder/model");
  for (const char* file : {"modules.json", "1_Pooling", "tokenizer.json", "tokenizer_config.json"}) copy.remove(file);
  copy.rewrite_weights([](std::string& name, at::Tensor&) { name = "bert." + name; });
  const auto encoder = load(copy.directory() / "");
  CHECK(encoder->name() == "copy");
  CHECK(largest_difference(encoder->embed(golden_texts(), TextRole::plain), golden_embeddings("mean")) < kTolerance);
}

TEST_CASE("the fingerprint tells sentence encoders apart, not their directories") {
  const std::string original = load(golden_path("encoder/model"))->fingerprint();
  const EncoderCopy copy("encoder/model");
  CHECK(original == "4069bfbf7d736b73");
  CHECK(load(copy.directory())->fingerprint() == original);
  SECTION("weights") {
    copy.rewrite_weights([](std::string& name, at::Tensor& tensor) {
      if (name == "embeddings.LayerNorm.bias") tensor[3] += 1;
    });
  }
  SECTION("pooling") { write_text(copy / "1_Pooling/config.json", R"({"pooling_mode": "cls"})"); }
  SECTION("tokenizer") { copy.set("tokenizer_config.json", {{"do_lower_case", false}}); }
  CHECK(load(copy.directory())->fingerprint() != original);
}

TEST_CASE("sentence encoders of another kind are refused with the reason") {
  struct Case {
    std::string file;
    Json members;
    std::vector<std::string> words;
  };
  const auto row = GENERATE(values<Case>({
      {"config.json", {{"model_type", "roberta"}}, {"config.json", "model_type \"roberta\"", "\"nomic_bert\""}},
      {"config.json", {{"hidden_act", "swish"}}, {"hidden_act \"swish\""}},
      {"config.json", {{"position_embedding_type", "relative_key"}}, {"relative_key", "absolute"}},
      {"config.json", {{"is_decoder", true}}, {"is_decoder"}},
      {"config.json", {{"hidden_size", 30}}, {"a hidden size of 30", "attention heads, 4"}},
      {"config.json", {{"hidden_size", 0}}, {"hidden_size 0"}},
      {"config.json", {{"layer_norm_eps", 0}}, {"layer_norm_eps"}},
      {"config.json", {{"vocab_size", 100}}, {"embeddings.word_embeddings.weight", "shape [213, 32]", "[100, 32]"}},
      {"config.json", {{"intermediate_size", 64}}, {"intermediate.dense.weight", "shape [48, 32]"}},
      {"config.json", {{"num_hidden_layers", 3}}, {"encoder.layer.2.", "no such tensor"}},
      {"1_Pooling/config.json", {{"pooling_mode_max_tokens", true}}, {"1_Pooling", "mean+max_tokens"}},
      {"1_Pooling/config.json", {{"pooling_mode_mean_tokens", false}}, {"1_Pooling", "pooling \"\""}},
      {"1_Pooling/config.json", {{"word_embedding_dimension", 384}}, {"dimension 384", "32"}},
      {"sentence_bert_config.json", {{"max_seq_length", 65}}, {"65 pieces", "3 to 64"}},
      {"sentence_bert_config.json", {{"max_seq_length", 2}}, {"2 pieces"}},
      {"sentence_bert_config.json", {{"max_seq_length", "all"}}, {"max_seq_length"}},
  }));
  const EncoderCopy copy("encoder/model");
  copy.set(row.file, row.members);
  expect_bad_data([&] { load(copy.directory()); }, row.words);
}

TEST_CASE("sentence encoders with other modules are refused") {
  const EncoderCopy copy("encoder/model");
  const auto refused = [&](const std::function<void(Json&)>& change, const std::vector<std::string>& words) {
    Json modules = read_json(golden_path("encoder/model/modules.json"));
    change(modules);
    write_text(copy / "modules.json", modules.dump());
    expect_bad_data([&] { load(copy.directory()); }, words);
  };
  refused([](Json& m) { m[2]["type"] = "sentence_transformers.models.Dense"; }, {"modules.json", "module 2 is Dense"});
  refused([](Json& m) { m.erase(1); }, {"modules.json", "module 1 is Normalize"});
  refused([](Json& m) { m = Json::array({m[0]}); }, {"modules.json", "1 modules"});
  refused([](Json& m) { m = Json::object(); }, {"modules.json", "no JSON list"});
}

TEST_CASE("prompts and case that would change the text first are refused") {
  const EncoderCopy copy("encoder/model");
  write_text(copy / "config_sentence_transformers.json", R"({"default_prompt_name": "query"})");
  expect_bad_data([&] { load(copy.directory()); }, {"config_sentence_transformers.json", "query"});
  write_text(copy / "config_sentence_transformers.json", R"({"default_prompt_name": null})");
  copy.set("sentence_bert_config.json", {{"do_lower_case", true}});
  load(copy.directory());
  copy.set("tokenizer_config.json", {{"do_lower_case", false}});
  expect_bad_data([&] { load(copy.directory()); }, {"sentence_bert_config.json", "do_lower_case"});
}

TEST_CASE("missing and damaged files of a sentence encoder are named") {
  const EncoderCopy copy("encoder/model");
  SECTION("directory") {
    expect_bad_data([&] { load(copy / "nowhere"); }, {"nowhere", "no such directory"});
  }
  SECTION("config.json") {
    copy.remove("config.json");
    expect_bad_data([&] { load(copy.directory()); }, {"copy", "no config.json"});
  }
  SECTION("weights") {
    copy.remove("model.safetensors");
    expect_bad_data([&] { load(copy.directory()); }, {"copy", "no weights"});
  }
  SECTION("vocabulary") {
    copy.remove("vocab.txt");
    copy.remove("tokenizer.json");
    expect_bad_data([&] { load(copy.directory()); }, {"copy", "no vocabulary"});
  }
  SECTION("a vocabulary larger than the embedding") {
    copy.remove("tokenizer.json");
    write_text(copy / "vocab.txt", test::read_text(copy / "vocab.txt") + "gander\n");
    expect_bad_data([&] { load(copy.directory()); }, {"vocab_size 213", "at least 214"});
  }
  SECTION("weights that are not finite") {
    const float value = GENERATE(std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity());
    copy.rewrite_weights([&](std::string& name, at::Tensor& tensor) {
      if (name == "encoder.layer.1.output.dense.bias") tensor[5] = value;
    });
    expect_bad_data([&] { load(copy.directory()); }, {"encoder.layer.1.output.dense.bias", "NaN or infinite"});
  }
  SECTION("weights that are no numbers of this kind") {
    copy.rewrite_weights([&](std::string& name, at::Tensor& tensor) {
      if (name == "embeddings.LayerNorm.weight") tensor = tensor.to(at::kLong);
    });
    expect_bad_data([&] { load(copy.directory()); }, {"embeddings.LayerNorm.weight", "I64", "floating-point"});
  }
}

}  // namespace
}  // namespace phatgoose
