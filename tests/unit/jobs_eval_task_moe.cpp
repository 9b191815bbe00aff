// Task-level mixtures as methods of eval and predict: every row is answered by the copies that its task is routed to.
#include <ATen/ATen.h>
#include <catch2/catch.hpp>
#include <sstream>

#include "phatgoose/jobs/predict_job.h"
#include "phatgoose/report/results_directory.h"
#include "support/fails_with.h"
#include "support/mixture_runs.h"

namespace phatgoose {
namespace {

using test::evaluate;
using test::FailsWith;
using test::MixtureFiles;
using test::MixtureRuns;

}  // namespace

TEST_CASE("a mixture answers the tasks of a suite as the plain model of each does") {
  const MixtureRuns runs;
  runs.write(runs.files());
  REQUIRE(evaluate(runs.with("out")));
  for (const std::string task : {"choose", "write"}) {
    runs.evaluate_exported(task, task, std::nullopt);
    runs.check_same("out", task, task);
  }
  CHECK_FALSE(test::same_answer(runs.samples("choose", "choose").at(0), runs.samples("write", "choose").at(0)));
  const Json results = read_json(runs / "out/results.json");
  CHECK(results["settings"]["task-moe"] == Json{(runs / "mixture").string()});
  CHECK(results["hashes"]["task-moe"].size() == 2);
  EvalSettings changed = runs.with("out");
  changed.route = "argmax";
  CHECK_THROWS_MATCHES(evaluate(changed), Error, FailsWith(ExitCode::usage, "--route", "argmax"));
}

TEST_CASE("rows of several tasks in one file are answered as what they name") {
  const MixtureRuns runs([](int row) { return Json{{"task", row % 2 == 0 ? "write" : "choose"}}; });
  runs.write(runs.files());
  EvalSettings settings = runs.with("out");
  settings.pass_tokens = GENERATE(30, 4096);
  REQUIRE(evaluate(settings));
  for (const std::string task : {"choose", "write"}) runs.evaluate_exported(task, task, std::nullopt);
  for (const std::string suite : {"choose", "write"}) {
    for (const auto& [row, sample] : runs.samples("out", suite)) {
      CHECK(test::same_answer(sample, runs.samples(row % 2 == 0 ? "write" : "choose", suite).at(row)));
    }
  }
}

TEST_CASE("argmax takes the likeliest copies, softmax mixes them; training by gumbel-st implies argmax") {
  const MixtureRuns runs;
  MixtureFiles files = runs.files();
  files.routes = {0.6F, 0.4F, 0.3F, 0.7F, 0.2F, 0.8F, 0.9F, 0.1F};
  runs.write(files);
  runs.evaluate_exported("plain", "choose", "argmax");
  EvalSettings settings = runs.with("argmax");
  settings.route = "argmax";
  REQUIRE(evaluate(settings));
  runs.check_same("argmax", "plain", "choose");
  REQUIRE(evaluate(runs.with("softmax")));
  CHECK_FALSE(test::same_answer(runs.samples("softmax", "choose").at(0), runs.samples("plain", "choose").at(0)));
  files.manifest.selection = RouteSelection::gumbel_st;
  runs.write(files, "straight");
  REQUIRE(evaluate(runs.with("straight-out", "straight")));
  runs.check_same("straight-out", "plain", "choose");
}

TEST_CASE("an unknown task is refused, unless there are vectors for it") {
  const MixtureRuns runs([](int row) { return row == 2 ? Json{{"task", "new"}} : Json::object(); });
  runs.write(runs.files());
  CHECK_THROWS_MATCHES(evaluate(runs.with("out")), Error,
                       FailsWith(ExitCode::bad_data, "rows.jsonl:3", "task \"new\"", "--vectors"));
  CHECK_FALSE(fs::exists(runs / "out"));
  EvalSettings settings = runs.with("out");
  settings.task_vectors = runs / "vectors";
  settings.route = "argmax";
  REQUIRE(evaluate(settings));
  runs.evaluate_exported("new", "new", "argmax", /*vectors=*/true);
  CHECK(test::same_answer(runs.samples("out", "choose").at(2), runs.samples("new", "choose").at(2)));
  runs.evaluate_exported("choose", "choose", "argmax");  // keeps its own route, though it has a vector there
  CHECK(test::same_answer(runs.samples("out", "choose").at(0), runs.samples("choose", "choose").at(0)));
}

TEST_CASE("a router that tells no tasks apart answers rows of any task") {
  const MixtureRuns runs([](int) { return Json{{"task", "whatever"}}; });
  MixtureFiles files = runs.files();
  files.manifest.shape.router = TaskRouterKind::average;
  files.manifest.shape.dimension = 0;
  files.routes = {0.5, 0.5, 0.5, 0.5};
  runs.write(files);
  REQUIRE(evaluate(runs.with("out")));
}

TEST_CASE("mixtures stand in methods files, and share an encoder that they leave alone") {
  const MixtureRuns runs;
  MixtureFiles files = runs.files();
  runs.write(files);
  files.manifest.shape.layers = {"decoder.block.0", "decoder.block.1"};
  runs.write(files, "decoder");
  test::write_text(runs / "methods.yaml",
                   "- {name: one, task-moe: mixture, route: argmax, vectors: vectors}\n"
                   "- {name: base, base: true}\n- {name: two, task-moe: decoder, tasks: [choose]}\n");
  EvalSettings settings = runs.settings("out");
  settings.methods = runs / "methods.yaml";
  REQUIRE(evaluate(settings));
  const std::vector<EvalMethod> methods = plan_evaluation(settings).methods;
  CHECK_FALSE(methods[0].shares_encoder);
  CHECK(methods[1].shares_encoder);
  CHECK(methods[2].shares_encoder);
  EvalSettings alone = runs.with("alone");
  alone.route = "argmax";
  alone.task_vectors = runs / "vectors";
  REQUIRE(evaluate(alone));
  CHECK(test::read_text(runs / "alone/samples.jsonl") == test::read_text(runs / "out/one/samples.jsonl"));
  EvalSettings base = runs.settings("base-alone");
  REQUIRE(evaluate(base));
  CHECK(test::read_text(runs / "base-alone/samples.jsonl") == test::read_text(runs / "out/base/samples.jsonl"));
  test::write_text(runs / "methods.yaml", "- {name: base, base: true, route: argmax}\n");
  CHECK_THROWS_MATCHES(evaluate(settings), Error,
                       FailsWith(ExitCode::bad_data, "methods.yaml:1", "\"route\" without task-moe"));
}

TEST_CASE("options of mixtures need one") {
  const MixtureRuns runs;
  EvalSettings settings = runs.settings("out");
  settings.route = "argmax";
  CHECK_THROWS_MATCHES(evaluate(settings), Error, FailsWith(ExitCode::usage, "--route", "no --task-moe"));
  settings.route.reset();
  settings.task_vectors = runs / "vectors";
  CHECK_THROWS_MATCHES(evaluate(settings), Error, FailsWith(ExitCode::usage, "--vectors", "no --task-moe"));
  MixtureFiles files = runs.files();
  files.manifest.base_fingerprint = "0123456789abcdef";
  runs.write(files);
  CHECK_THROWS_MATCHES(evaluate(runs.with("out")), Error, FailsWith(ExitCode::bad_data, "0123456789abcdef"));
  CHECK_FALSE(fs::exists(runs / "out"));
}

TEST_CASE("predict answers rows as their tasks, or as --task says") {
  const MixtureRuns runs;
  runs.write(runs.files());
  const auto answers = [&](const std::string& base, const std::optional<std::string>& mixture,
                           const std::string& task) {
    test::write_text(runs / "asked.jsonl", "{\"input_ids\": [5, 6, 7, 1], \"choices_ids\": [[8, 1], [9, 10, 1]]}\n");
    PredictSettings settings;
    settings.model = runs / base;
    settings.task_moe = mixture;
    if (mixture) settings.task = task;
    settings.input = runs / "asked.jsonl";
    settings.json = true;
    std::ostringstream out;
    predict(plan_predictions(settings), at::kCPU, at::kFloat, {.input = 0, .output = out});
    return Json::parse(out.str()).at("log_likelihoods").get<std::vector<double>>();
  };
  for (const std::string task : {"choose", "write"}) {
    runs.evaluate_exported(task, task, std::nullopt);
    const auto mixed = answers("base", (runs / "mixture").string(), task), plain = answers("model-" + task, {}, task);
    for (std::size_t i = 0; i < plain.size(); ++i) CHECK(mixed[i] == Approx(plain[i]).margin(1e-5));
  }
  CHECK_THROWS_MATCHES(answers("base", (runs / "mixture").string(), "chose"), Error,
                       FailsWith(ExitCode::usage, "--task", "did you mean choose?"));
}

}  // namespace phatgoose
