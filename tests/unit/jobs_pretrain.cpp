#include <ATen/ATen.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "phatgoose/jobs/pretrain_job.h"
#include "phatgoose/jobs/pretrain_model.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/text/tokenizer.h"
#include "phatgoose/train/pretrain_source.h"
#include "support/fails_with.h"
#include "support/golden.h"
#include "support/tiny_training.h"

namespace phatgoose {
namespace {

using test::FailsWith;

void write_document_lines(const fs::path& path) {
  const std::vector<std::string> colours = {"red", "green", "blue", "yellow", "white"};
  std::string text;
  for (std::size_t i = 0; i < 300; ++i) {
    text += "a " + colours[i % 5] + " bird sits on the " + colours[i / 5 % 5] + " house near the " +
            colours[i / 25 % 5] + " river .\n";
  }
  test::write_text(path, text);
}

PretrainSettings tiny_pretraining(const test::ScratchDirectory& scratch) {
  write_document_lines(scratch / "text.txt");
  PretrainSettings settings;
  settings.text = {scratch / "text.txt"};
  settings.out = scratch / "base";
  settings.make_vocab = 24;
  settings.layers = 1;
  settings.d_model = 32;
  settings.d_ff = 48;
  settings.heads = 2;
  settings.d_kv = 16;
  settings.input_length = 24;
  settings.training.steps = 4;
  settings.training.batch = 4;
  settings.lm_steps = 2;
  settings.common.log = "quiet";
  return settings;
}

TEST_CASE("a text source may name its weight") {
  CHECK(parse_text_source("a.txt").files == std::vector<fs::path>{"a.txt"});
  CHECK(parse_text_source("a.txt").weight == 1);
  CHECK(parse_text_source("a.txt:0.25").files == std::vector<fs::path>{"a.txt"});
  CHECK(parse_text_source("a.txt:0.25").weight == 0.25);
  CHECK(parse_text_source("c:a.txt").files == std::vector<fs::path>{"c:a.txt"});
  CHECK(parse_text_source("a.txt:0").files == std::vector<fs::path>{"a.txt:0"});
}

TEST_CASE("the first embeddings have the standard deviation that is asked for, and all else stays") {
  const test::ScratchDirectory scratch;
  PretrainSettings settings = tiny_pretraining(scratch);
  const auto weights = [&] { return first_model(settings, 500, at::kCPU).named_parameters(); };
  const auto usual = weights();
  settings.embedding_std = 0.25;
  const auto scaled = weights();
  REQUIRE(usual.size() == scaled.size());
  for (std::size_t i = 0; i < usual.size(); ++i) {
    CAPTURE(usual[i].first);
    const double scale = usual[i].first == "shared.weight" ? 0.25 : 1.0;
    CHECK(at::equal(scaled[i].second, usual[i].second * scale));
  }
  settings.init = "base";
  settings.make_vocab.reset();
  settings.layers = settings.d_model = settings.d_ff = settings.heads = settings.d_kv = std::nullopt;
  CHECK_THROWS_MATCHES(check_model_settings(settings), Error, FailsWith(ExitCode::usage, "--embedding-std"));
}

TEST_CASE("every weight is trained, and the queries at a rate of their own") {
  const T5Model model = test::tiny_model();
  const std::vector<Parameter> parameters = all_parameters(model, 0.125);
  std::int64_t trained = 0, stored = 0, queries = 0;
  for (const Parameter& parameter : parameters) {
    trained += parameter.value().numel();
    CHECK(parameter.lr_scale == (parameter.name.ends_with("Attention.q.weight") ? 0.125 : 1.0));
    queries += parameter.lr_scale != 1.0;
  }
  for (const auto& [name, tensor] : model.named_parameters()) {
    stored += tensor.numel();
    const auto same_name = [&](const Parameter& parameter) { return parameter.name == name; };
    const auto found = std::ranges::find_if(parameters, same_name);
    REQUIRE(found != parameters.end());
    CHECK(found->value().sizes() == tensor.sizes());
    CHECK(found->value().data_ptr() == tensor.data_ptr());
  }
  CHECK(trained == stored);
  CHECK(queries == 2 + 2 * 2);
}

TEST_CASE("pretraining writes a complete base, and another run continues from it") {
  const test::ScratchDirectory scratch;
  PretrainSettings settings = tiny_pretraining(scratch);
  CHECK(pretrain(settings, at::kCPU) == TrainingOutcome::finished);
  const T5Model model = T5Model::load(settings.out, at::kCPU, at::kFloat);
  const Tokenizer tokenizer(settings.out);
  CHECK(model.config().vocab_size == tokenizer.size());
  CHECK(model.config().num_layers == 1);
  CHECK(model.has_separate_head());
  const std::optional<Manifest> manifest = read_manifest(settings.out, "model", true);
  REQUIRE(manifest);
  CHECK(manifest->body.at("fingerprint") == base_fingerprint(settings.out));
  const std::string metrics = test::read_text(scratch / "base/metrics.jsonl");
  CHECK(std::count(metrics.begin(), metrics.end(), '\n') == 6);

  PretrainSettings further = settings;
  further.init = settings.out;
  further.out = scratch / "further";
  further.training.lr = 0;
  CHECK_THROWS_MATCHES(pretrain(further, at::kCPU), Error, FailsWith(ExitCode::usage, "--init"));
  further.make_vocab = further.layers = further.d_model = further.d_ff = further.heads = further.d_kv = std::nullopt;
  CHECK(pretrain(further, at::kCPU) == TrainingOutcome::finished);
  CHECK(test::read_text(scratch / "further/model.safetensors") == test::read_text(scratch / "base/model.safetensors"));
  CHECK(test::read_text(scratch / "further/spiece.model") == test::read_text(scratch / "base/spiece.model"));
}

TEST_CASE("a base whose only tokenizer is tokenizer.json hands it on") {
  const test::ScratchDirectory scratch;
  PretrainSettings settings = tiny_pretraining(scratch);
  settings.make_vocab.reset();
  settings.vocab = test::golden_path("text/small/spiece.model");
  CHECK(pretrain(settings, at::kCPU) == TrainingOutcome::finished);
  const Json cases = read_json(test::golden_path("text/ids.json")).at("cases");
  const auto saved = std::ranges::find(cases, "tokenizer.json", [](const Json& entry) { return entry.at("name"); });
  Json json = saved->at("files").at("tokenizer.json");
  for (int added = 0; added < 2; ++added) json["added_tokens"].erase(json["added_tokens"].size() - 1);
  for (const char* name : {"spiece.model", "tokenizer_config.json"}) fs::remove(scratch / "base" / name);
  test::write_text(scratch / "base/tokenizer.json", json.dump());

  PretrainSettings further = tiny_pretraining(scratch);
  further.init = settings.out;
  further.out = scratch / "further";
  further.make_vocab = further.layers = further.d_model = further.d_ff = further.heads = further.d_kv = std::nullopt;
  CHECK(pretrain(further, at::kCPU) == TrainingOutcome::finished);
  CHECK(test::read_text(scratch / "further/tokenizer.json") == json.dump());
  CHECK_FALSE(fs::exists(scratch / "further/spiece.model"));
  CHECK_FALSE(fs::exists(scratch / "further/tokenizer_config.json"));
  CHECK(read_manifest(further.out, "model", true));
}

TEST_CASE("pretraining learns") {
  const test::ScratchDirectory scratch;
  PretrainSettings settings = tiny_pretraining(scratch);
  settings.training.steps = 60;
  settings.training.lr = 0.01;
  settings.lm_steps = 0;
  pretrain(settings, at::kCPU);
  std::vector<double> losses;
  std::istringstream lines(test::read_text(scratch / "base/metrics.jsonl"));
  for (std::string line; std::getline(lines, line);) losses.push_back(Json::parse(line).at("loss"));
  CHECK(losses.back() < 0.6 * losses.front());
}

TEST_CASE("the rate of pretraining falls by --decay-ratio, or from the end of the warm-up on") {
  const test::ScratchDirectory scratch;
  PretrainSettings settings = tiny_pretraining(scratch);
  settings.training.lr = 0.06;
  const auto rates = [&](const char* schedule, const char* out) {
    settings.training.schedule = schedule;
    settings.out = scratch / out;
    pretrain(settings, at::kCPU);
    std::vector<double> found;
    std::istringstream lines(test::read_text(fs::path(settings.out) / "metrics.jsonl"));
    for (std::string line; std::getline(lines, line);) found.push_back(Json::parse(line).at("learning_rate"));
    return found;
  };
  CHECK_THAT(rates("constant", "a"), Catch::Approx(std::vector<double>{0.06, 0.06, 0.06, 0.06, 0.04, 0.02}));
  CHECK_THAT(rates("linear", "b"), Catch::Approx(std::vector<double>{0.06, 0.05, 0.04, 0.03, 0.02, 0.01}));
  CHECK(read_json(scratch / "a/run.json").at("decay-ratio") == 0.5);
  CHECK(read_json(scratch / "b/run.json").at("decay-ratio").is_null());
}

TEST_CASE("settings that exclude each other or leave the vocabulary open are refused") {
  const test::ScratchDirectory scratch;
  PretrainSettings settings = tiny_pretraining(scratch);
  settings.vocab = "spiece.model";
  CHECK_THROWS_MATCHES(pretrain(settings, at::kCPU), Error, FailsWith(ExitCode::usage, "--make-vocab"));
  settings.vocab.reset();
  settings.make_vocab.reset();
  CHECK_THROWS_MATCHES(pretrain(settings, at::kCPU), Error, FailsWith(ExitCode::usage, "--vocab"));
  settings = tiny_pretraining(scratch);
  settings.model_config = "config.json";
  CHECK_THROWS_MATCHES(pretrain(settings, at::kCPU), Error, FailsWith(ExitCode::usage, "--model-config"));
  settings = tiny_pretraining(scratch);
  settings.common.dtype = "bf16";
  CHECK_THROWS_MATCHES(pretrain(settings, at::kCPU), Error, FailsWith(ExitCode::usage, "--dtype", "--save-dtype"));
  settings = tiny_pretraining(scratch);
  settings.text = {scratch / "none.txt"};
  CHECK_THROWS_MATCHES(pretrain(settings, at::kCPU), Error, FailsWith(ExitCode::bad_data, "none.txt"));
  settings = tiny_pretraining(scratch);
  settings.make_vocab = 5000;
  CHECK_THROWS_MATCHES(pretrain(settings, at::kCPU), Error, FailsWith(ExitCode::bad_data, "text.txt"));
  CHECK_FALSE(fs::exists(scratch / "base"));
}

}  // namespace
}  // namespace phatgoose
