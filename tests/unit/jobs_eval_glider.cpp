// GLIDER in evaluations and predictions: where the description of a row comes from, and what it does.
#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include "phatgoose/base/log.h"
#include "phatgoose/embed/base_sentence_encoder.h"
#include "phatgoose/jobs/predict_job.h"
#include "phatgoose/nn/tensor_bridge.h"
#include "phatgoose/report/results.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/routed_model_builder.h"
#include "phatgoose/store/stored_embeddings.h"
#include "support/evaluate.h"
#include "support/fails_with.h"
#include "support/golden.h"
#include "support/router_experts.h"
#include "support/tiny_t5.h"

namespace phatgoose {
namespace {

using test::FailsWith;
using test::read_text;
using test::write_text;

const std::vector<std::string> kExperts = {"first", "other", "third"};
/// What each expert is described by.
const std::vector<std::string> kTexts = {"The river runs past the old mill.", "A girl carries apples home.",
                                         "Wooden spoons and stone bridges."};

/// A tiny base with a vocabulary, three experts with descriptions, a GLIDER of them, and a suite of two tasks.
class GliderRuns {
 public:
  GliderRuns() {
    set_log_level(LogLevel::quiet);
    T5Config config = test::tiny_config();
    config.vocab_size = 512;  // of the golden vocabulary, with sentinels
    const T5Model model = T5Model::random(config, true, 1, at::kCPU, at::kFloat);
    model.save(directory_ / "base", at::kFloat);
    fs::copy(test::golden_path("text/spiece.model"), directory_ / "base");
    const auto tokenizer = Tokenizer::of_base(directory_ / "base", config.vocab_size);
    const BaseSentenceEncoder encoder(model, *tokenizer, base_fingerprint(directory_ / "base"));
    test::write_router_experts(directory_.path(), config, kExperts);
    RoutedModelPlan plan{.model = directory_ / "base",
                         .experts = {},
                         .out = directory_ / "glider",
                         .routing = {.router = "glider", .global_alpha = "1e6"}};
    for (std::size_t e = 0; e < kExperts.size(); ++e) {
      const at::Tensor embedding = encoder.embed({&kTexts[e], 1}, TextRole::plain).contiguous();
      write_embeddings(directory_ / kExperts[e] / "description.safetensors", to_named("embeddings", embedding).view,
                       encoder.name(), encoder.fingerprint(), "{}");
      plan.experts.push_back(directory_ / kExperts[e]);
    }
    build_routed_model(plan);
    write_text(directory_ / "choose.jsonl", row("The river runs") + row("A girl sleeps") + row("The mill turns"));
    write_text(directory_ / "suite.yaml",
               "name: tiny\ntasks:\n"
               "  - {name: choose, data: choose.jsonl, kind: rank_classification}\n"
               "  - {name: write, data: choose.jsonl, kind: generation, max_new_tokens: 3}\n");
  }
  ~GliderRuns() { set_log_level(LogLevel::info); }

  static std::string row(const std::string& input, const std::string& description = {}) {
    Json json = {{"input", input}, {"target", "stone bridge"}, {"choices", {"stone bridge", "apples home"}}};
    if (!description.empty()) json["description"] = description;
    return json.dump() + "\n";
  }

  EvalSettings settings(const std::string& out) const {
    EvalSettings settings;
    settings.model = directory_ / "base";
    settings.suite = directory_ / "suite.yaml";
    settings.out = directory_ / out;
    return settings;
  }

  /// `lines` of a file of descriptions.
  EvalSettings glider(const std::string& out, const std::vector<Json>& lines) const {
    EvalSettings settings = this->settings(out);
    settings.routed = {directory_ / "glider"};
    std::string text;
    for (const Json& line : lines) text += line.dump() + "\n";
    write_text(directory_ / (out + ".descriptions.jsonl"), text);
    if (!lines.empty()) settings.routing.descriptions = directory_ / (out + ".descriptions.jsonl");
    return settings;
  }

  EvalSettings expert(std::size_t number) const {
    EvalSettings settings = this->settings("alone-" + kExperts[number]);
    settings.experts = {directory_ / kExperts[number]};
    return settings;
  }

  std::vector<Sample> samples(const EvalSettings& settings) const {
    REQUIRE(test::evaluate(settings));
    return read_samples(fs::path(settings.out) / "samples.jsonl");
  }

  fs::path operator/(const std::string& name) const { return directory_ / name; }

 private:
  test::ScratchDirectory directory_;
};

/// That the samples from `first` on, of which there are `count`, are those of a single expert.
void check_samples(const std::vector<Sample>& found, const std::vector<Sample>& alone, std::size_t first,
                   std::size_t count) {
  for (std::size_t i = first; i < first + count; ++i) {
    CAPTURE(i);
    CHECK(found[i].output == alone[i].output);
    REQUIRE(found[i].log_likelihoods.size() == alone[i].log_likelihoods.size());
    for (std::size_t c = 0; c < alone[i].log_likelihoods.size(); ++c) {
      CHECK(found[i].log_likelihoods[c] == Approx(alone[i].log_likelihoods[c]).epsilon(1e-5));
    }
  }
}

TEST_CASE("tasks go by their descriptions, rows by their own where they have one") {
  const GliderRuns runs;
  std::vector<std::vector<Sample>> alone;
  for (std::size_t e = 0; e < kExperts.size(); ++e) alone.push_back(runs.samples(runs.expert(e)));
  const Json choose = {{"task", "choose"}, {"text", kTexts[1]}}, write = {{"task", "write"}, {"text", kTexts[2]}};

  const auto by_task = runs.samples(runs.glider("by-task", {choose, write}));
  check_samples(by_task, alone[1], 0, 3);
  check_samples(by_task, alone[2], 3, 3);

  const auto by_row =
      runs.samples(runs.glider("by-row", {choose, write, {{"task", "choose"}, {"row", 2}, {"text", kTexts[0]}}}));
  check_samples(by_row, alone[1], 0, 2);
  check_samples(by_row, alone[0], 2, 1);
  check_samples(by_row, alone[2], 3, 3);

  // What a row says of itself goes before any file.
  write_text(runs / "choose.jsonl", GliderRuns::row("The river runs", kTexts[2]) + GliderRuns::row("A girl sleeps") +
                                        GliderRuns::row("The mill turns"));
  const auto own = runs.samples(runs.glider("own", {choose, write}));
  check_samples(own, alone[2], 0, 1);
  check_samples(own, alone[1], 1, 2);
}

TEST_CASE("alpha and descriptions are changed without building again, and results name them") {
  const GliderRuns runs;
  const Json choose = {{"task", "choose"}, {"text", kTexts[1]}}, write = {{"task", "write"}, {"text", kTexts[2]}};
  EvalSettings settings = runs.glider("none", {choose, write});
  settings.routing.global_alpha = "0";
  const auto without = runs.samples(settings);

  RoutedModelPlan plan{.model = runs / "base", .experts = {}, .out = runs / "goose", .routing = {}};
  for (const std::string& expert : kExperts) plan.experts.push_back(runs / expert);
  build_routed_model(plan);
  EvalSettings goose = runs.settings("goose-out");
  goose.routed = {runs / "goose"};
  CHECK(read_text(runs / "none/samples.jsonl") == (runs.samples(goose), read_text(runs / "goose-out/samples.jsonl")));

  const Json results = read_json(settings.out + "/results.json");
  CHECK(results.at("settings").at("global-alpha") == "0");
  CHECK(results.at("hashes").at("descriptions").get<std::string>().size() == 16);
  settings.routing.global_alpha = "1";
  CHECK_THROWS_MATCHES(test::evaluate(settings), Error, FailsWith(ExitCode::usage, "--global-alpha"));
  settings.routing.global_alpha = "0";
  write_text(*settings.routing.descriptions, choose.dump() + "\n" + choose.dump());
  CHECK_THROWS_MATCHES(test::evaluate(settings), Error, FailsWith(ExitCode::bad_data, "descriptions.jsonl:2"));
}

TEST_CASE("a row without a description is refused before anything is computed") {
  const GliderRuns runs;
  CHECK_THROWS_MATCHES(test::evaluate(runs.glider("none", {})), Error,
                       FailsWith(ExitCode::bad_data, "choose", "--out FILE, for --descriptions FILE"));
  CHECK_THROWS_MATCHES(test::evaluate(runs.glider("one", {{{"task", "choose"}, {"text", kTexts[0]}}})), Error,
                       FailsWith(ExitCode::bad_data, "write", "phatgoose describe"));
  CHECK_FALSE(fs::exists(runs / "one/partial"));

  EvalSettings base = runs.settings("base-out");
  base.routing.descriptions = "some.jsonl";
  CHECK_THROWS_MATCHES(test::evaluate(base), Error, FailsWith(ExitCode::usage, "--descriptions", "no --routed"));
}

TEST_CASE("predictions take the description of the row or of the command line, and explain both parts of the scores") {
  const GliderRuns runs;
  write_text(runs / "asked.jsonl", Json({{"input", "The river runs"}}).dump() + "\n" +
                                       Json({{"input", "The river runs"}, {"description", kTexts[0]}}).dump() + "\n");
  PredictSettings settings;
  settings.model = runs / "base";
  settings.routed = runs / "glider";
  settings.input = runs / "asked.jsonl";
  settings.json = true;
  settings.explain = "answers";
  settings.routing.global_alpha = "5";
  const auto predicted = [&] {
    std::ostringstream out;
    predict(plan_predictions(settings), at::kCPU, at::kFloat, {0, out, false});
    std::vector<Json> lines;
    std::istringstream in(out.str());
    for (std::string line; std::getline(in, line);) lines.push_back(Json::parse(line));
    return lines;
  };
  CHECK_THROWS_MATCHES(predicted(), Error, FailsWith(ExitCode::bad_data, "asked.jsonl:1", "--task-description"));
  settings.task_description = kTexts[1];
  const std::vector<Json> lines = predicted();
  REQUIRE(lines.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    const std::string& described = kExperts[1 - i];
    const Json& scores = lines[i].at("scores");
    CHECK(scores.at("local").size() == 3);
    CHECK(scores.at("global").at(described).get<double>() == Approx(5).margin(1e-4));  // a cosine of 1
    for (const std::string& expert : kExperts) CHECK(scores.at("global").at(expert).get<double>() < 5 + 1e-4);
  }

  settings.routed = std::nullopt;
  settings.explain = "";
  settings.routing = {};
  CHECK_THROWS_MATCHES(plan_predictions(settings), Error, FailsWith(ExitCode::usage, "--task-description"));
}

}  // namespace
}  // namespace phatgoose
