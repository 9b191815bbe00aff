// The router token-oracle in an evaluation: rows that label their text, beside rows that do not.
#include <ATen/ATen.h>

#include <catch2/catch.hpp>
#include <cmath>

#include "phatgoose/base/log.h"
#include "phatgoose/store/routed_model_builder.h"
#include "support/evaluate.h"
#include "support/fails_with.h"
#include "support/golden.h"
#include "support/router_experts.h"
#include "support/tiny_t5.h"

namespace phatgoose {
namespace {

using test::evaluate;
using test::FailsWith;
using test::read_text;
using test::write_text;

T5Config text_config() {
  T5Config config = test::tiny_config();
  config.vocab_size = 512;  // of the golden vocabulary, with sentinels
  return config;
}

/// A row of text, its labels taken from `a`, `b` and `c` in turn.
Json row_of(const std::string& subject, const std::string& a, const std::string& b, const std::string& c) {
  const std::vector<std::string> parts = {"The " + subject + " runs", " past the old mill, and", " turns the wheel."};
  return {{"input", parts[0] + parts[1] + parts[2]},
          {"target", "stone bridge"},
          {"choices", {"stone bridge", "wooden spoons", "apples home"}},
          {"input_experts", std::vector<std::vector<std::string>>{{parts[0], a}, {parts[1], b}, {parts[2], c}}},
          {"answer_experts", {c, a}}};
}

std::string lines_of(std::vector<Json> rows, bool labelled = true) {
  std::string text;
  for (Json& row : rows) {
    if (!labelled) row.erase("input_experts");
    text += row.dump() + "\n";
  }
  return text;
}

const std::vector<Json> kMixed = {row_of("river", "first", "other", "third"),
                                  row_of("river", "third", "first", "other"),
                                  row_of("miller", "other", "third", "third")};
const std::vector<Json> kOnly = {row_of("river", "other", "other", "other"), row_of("girl", "other", "other", "other")};

/// A tiny base with a vocabulary, three experts, a token oracle of them, and a suite of which two tasks have labels.
class OracleRuns {
 public:
  OracleRuns() {
    set_log_level(LogLevel::quiet);
    T5Model::random(text_config(), true, 1, at::kCPU, at::kFloat).save(directory_ / "base", at::kFloat);
    fs::copy(test::golden_path("text/spiece.model"), directory_ / "base");
    test::write_router_experts(directory_.path(), text_config(), {"first", "other", "third"});
    RoutedModelPlan plan{.model = directory_ / "base",
                         .experts = {},
                         .out = directory_ / "oracle",
                         .routing = {.router = "token-oracle"}};
    for (const char* expert : {"first", "other", "third"}) plan.experts.push_back(directory_ / expert);
    build_routed_model(plan);
    add_task("mixed", lines_of(kMixed));
    add_task("only", lines_of(kOnly));
    add_task("plain", lines_of(kMixed, false));
    add_task("write", lines_of(kMixed), "generation, max_new_tokens: 2");
  }
  ~OracleRuns() { set_log_level(LogLevel::info); }

  void add_task(const std::string& name, const std::string& rows, const std::string& kind = "rank_classification") {
    write_text(directory_ / (name + ".jsonl"), rows);
    suite_ += "  - {name: " + name + ", data: " + name + ".jsonl, kind: " + kind + "}\n";
    write_text(directory_ / "suite.yaml", "name: tiny\ntasks:\n" + suite_);
  }

  EvalSettings settings(const std::string& out, const std::vector<std::string>& tasks = {}) const {
    EvalSettings settings;
    settings.model = directory_ / "base";
    settings.suite = directory_ / "suite.yaml";
    settings.out = directory_ / out;
    settings.tasks = tasks;
    return settings;
  }

  EvalSettings oracle(const std::string& out, const std::vector<std::string>& tasks = {"mixed", "only"}) const {
    EvalSettings settings = this->settings(out, tasks);
    settings.routed = {directory_ / "oracle"};
    return settings;
  }

  EvalSettings from_file(const std::string& out, const std::string& lines) const {
    write_text(directory_ / "lists/methods.yaml", lines);
    EvalSettings settings = this->settings(out);
    settings.methods = directory_ / "lists/methods.yaml";
    return settings;
  }

  std::vector<Sample> samples(const std::string& out) const { return read_samples(directory_ / out / "samples.jsonl"); }
  fs::path operator/(const std::string& name) const { return directory_ / name; }

 private:
  std::string suite_;
  test::ScratchDirectory directory_;
};

/// Largest difference of a log-likelihood, over the rows of a task.
double difference(const std::vector<Sample>& a, const std::vector<Sample>& b, const std::string& task) {
  const auto of_task = [&](std::vector<Sample> samples) {
    std::erase_if(samples, [&](const Sample& sample) { return sample.task != task; });
    return samples;
  };
  const auto ours = of_task(a), others = of_task(b);
  REQUIRE(!ours.empty());
  REQUIRE(ours.size() == others.size());
  double largest = 0;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    for (std::size_t c = 0; c < ours[i].log_likelihoods.size(); ++c) {
      largest = std::max(largest, std::abs(ours[i].log_likelihoods[c] - others[i].log_likelihoods[c]));
    }
  }
  return largest;
}

}  // namespace

TEST_CASE("a token oracle stands beside other methods, on the tasks whose rows have labels") {
  const OracleRuns runs;
  const auto together = evaluate(runs.from_file("together",
                                                "- {name: plain, base: true}\n"
                                                "- {name: first, expert: ../first}\n"
                                                "- {name: other, expert: ../other}\n"
                                                "- {name: words, routed: ../oracle, tasks: [only, mixed]}\n"));
  REQUIRE(together);
  const MethodResult& words = together->methods.at(3);
  CHECK(words.uses_labels);
  CHECK_FALSE(together->methods[2].uses_labels);
  REQUIRE(words.scores.tasks.size() == 2);
  CHECK(words.scores.tasks[0].task == "mixed");  // in the suite's order
  CHECK(words.tallies[0]->rows() == std::ssize(kMixed));
  CHECK(words.tallies[1]->rows() == std::ssize(kOnly));
  REQUIRE(together->comparison);
  CHECK_THAT(together->table(), Catch::Contains("2 of 4 tasks"));
  CHECK(together->comparison->rows.at(3).difference);

  const auto oracle = runs.samples("together/words");
  CHECK(difference(oracle, runs.samples("together/other"), "only") < 1e-5);
  for (const char* method : {"plain", "first"}) {
    CHECK(difference(oracle, runs.samples(std::string("together/") + method), "only") > 1e-2);
  }
  for (const char* method : {"plain", "first", "other"}) {
    CHECK(difference(oracle, runs.samples(std::string("together/") + method), "mixed") > 1e-2);
  }

  REQUIRE(evaluate(runs.oracle("alone")));
  for (const char* file : {"/samples.jsonl", "/routing.safetensors"}) {
    CHECK(test::read_text(runs / ("alone" + std::string(file))) ==
          test::read_text(runs / ("together/words" + std::string(file))));
  }
  const auto written = fs::last_write_time(runs / "alone/samples.jsonl");
  REQUIRE(evaluate(runs.oracle("alone")));
  CHECK(fs::last_write_time(runs / "alone/samples.jsonl") == written);
}

TEST_CASE("labels change nothing for methods that do not follow them") {
  const OracleRuns runs;
  EvalSettings settings = runs.settings("out", {"mixed", "plain"});
  settings.experts = {runs / "other"};
  REQUIRE(evaluate(settings));
  const auto samples = runs.samples("out");
  REQUIRE(samples.size() == 2 * kMixed.size());
  for (std::size_t row = 0; row < kMixed.size(); ++row) {
    CHECK(samples[row].log_likelihoods == samples[row + kMixed.size()].log_likelihoods);
  }
}

TEST_CASE("rows that label the same text otherwise are told apart, in passes of any size") {
  const OracleRuns runs;
  REQUIRE(evaluate(runs.oracle("out")));
  const auto samples = runs.samples("out");
  CHECK(std::abs(samples[0].log_likelihoods[0] - samples[1].log_likelihoods[0]) > 1e-2);
  EvalSettings small = runs.oracle("small");
  small.pass_tokens = 1;
  REQUIRE(evaluate(small));
  for (const char* task : {"mixed", "only"}) CHECK(difference(samples, runs.samples("small"), task) < 1e-4);
}

TEST_CASE("experts are found by name, however many of them take part") {
  const OracleRuns runs;
  REQUIRE(evaluate(runs.oracle("all", {"only"})));
  EvalSettings some = runs.oracle("some", {"only"});
  some.routing.enabled = {"other,third"};
  REQUIRE(evaluate(some));
  CHECK(difference(runs.samples("all"), runs.samples("some"), "only") < 1e-5);
}

TEST_CASE("routing statistics count every token at its expert") {
  const OracleRuns runs;
  REQUIRE(evaluate(runs.oracle("out", {"only"})));
  const SafetensorsFile file(runs / "out/routing.safetensors");
  const at::Tensor counts = to_tensor(file.tensors().at("only.counts"), at::kCPU, at::kDouble);
  const at::Tensor weights = to_tensor(file.tensors().at("only.weights"), at::kCPU, at::kDouble);
  const at::Tensor tokens = to_tensor(file.tensors().at("only.tokens"), at::kCPU, at::kDouble);
  CHECK(tokens.min().item<double>() > 10);
  CHECK(at::equal(counts.select(1, 1), tokens));
  CHECK(at::equal(weights.select(1, 1), tokens));
  CHECK(counts.sum().item<double>() == tokens.sum().item<double>());
}

TEST_CASE("tasks without labels, and experts that do not take part, are told before anything is computed") {
  OracleRuns runs;
  const auto refused = [&](const EvalSettings& settings, ExitCode code, const char* where, const char* found,
                           const char* hint = "") {
    CHECK_THROWS_MATCHES(evaluate(settings), Error, FailsWith(code, where, found, hint));
    CHECK_FALSE(fs::exists(settings.out));
  };
  refused(runs.oracle("out", {}), ExitCode::bad_data, "plain.jsonl:1", "no \"input_experts\"", "--tasks");
  refused(runs.oracle("out", {"write"}), ExitCode::bad_data, "task write", "generation", "--tasks");
  EvalSettings beside = runs.from_file("out", "- {name: a, base: true}\n- {name: b, routed: ../oracle}\n");
  refused(beside, ExitCode::bad_data, "plain.jsonl:1", "no \"input_experts\"", "methods file");

  EvalSettings disabled = runs.oracle("out");
  disabled.routing.enabled = {"first,other"};
  refused(disabled, ExitCode::bad_data, "mixed.jsonl:1", "the expert \"third\"", "first, other");
  runs.add_task("typo", lines_of({kOnly[0], row_of("river", "other", "othr", "other")}));
  refused(runs.oracle("out", {"typo"}), ExitCode::bad_data, "typo.jsonl:2", "\"othr\"", "did you mean other?");
  refused(runs.from_file("out", "- {name: a, base: true}\n- {name: b, routed: ../oracle, tasks: [typo]}\n"),
          ExitCode::bad_data, "typo.jsonl:2", "\"othr\"");
}

TEST_CASE("settings that do not fit a token oracle are refused") {
  const OracleRuns runs;
  EvalSettings own = runs.oracle("out");
  own.exclude_own = true;
  CHECK_THROWS_MATCHES(evaluate(own), Error, FailsWith(ExitCode::usage, "--exclude-own", "token-oracle"));
  EvalSettings k = runs.oracle("out");
  k.routing.k = 1;
  CHECK_THROWS_MATCHES(evaluate(k), Error, FailsWith(ExitCode::usage, "--k", "token-oracle selects nothing"));
  const auto refused = [&](const std::string& entry, const char* found, const char* hint = "") {
    const std::string lines = "- {name: a, base: true}\n- {name: b, routed: ../oracle, " + entry;
    CHECK_THROWS_MATCHES(evaluate(runs.from_file("out", lines)), Error,
                         FailsWith(ExitCode::bad_data, "methods.yaml:2", found, hint));
  };
  refused("exclude-own: true, tasks: [only]}\n", "exclude-own");
  refused("temperature: 2, tasks: [only]}\n", "selects nothing");
  refused("tasks: [onyl]}\n", "no task \"onyl\"", "did you mean only?");
  EvalSettings chosen = runs.from_file("out", "- {name: b, routed: ../oracle, tasks: [only, mixed]}\n");
  chosen.tasks = {"only"};
  CHECK_THROWS_MATCHES(evaluate(chosen), Error,
                       FailsWith(ExitCode::bad_data, "methods.yaml:1", "no task \"mixed\"", "some of only"));
}

}  // namespace phatgoose
