// `phatgoose adapt`: a model on new tasks, from few examples and from none.
#include "phatgoose/jobs/adapt_job.h"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include "phatgoose/adapters/expert_parameters.h"
#include "phatgoose/adapters/merge.h"
#include "phatgoose/nn/tensor_bridge.h"
#include "phatgoose/report/results.h"
#include "phatgoose/store/routed_model_builder.h"
#include "phatgoose/train/best_checkpoint.h"
#include "support/adapt_runs.h"
#include "support/fails_with.h"

namespace phatgoose {
namespace {

using test::FailsWith;
using test::ModularRuns;
using test::run;
using test::run_of;
using test::settings_of;

double mean_of(const AdaptSettings& settings, std::int64_t shots) {
  return run(settings)->summary->score(std::nullopt, shots).mean;
}

/// Of the first linear.
ModularEntry entry_in(const ModularDirectory& directory) { return directory.entries().begin()->second; }
at::Tensor tensor_of(const TensorView& view) { return to_tensor(view, at::kCPU, at::kFloat); }

/// Writes an expert of rank 2 whose factors are not zero.
void write_random_lora(const fs::path& directory, std::uint64_t seed) {
  at::manual_seed(seed);
  const at::NoGradGuard no_grad;
  const ExpertParameters expert = ExpertParameters::initial(linear_groups(test::tiny_config()), 2, seed, at::kCPU);
  for (const auto& group : expert.groups()) group->b.normal_(0, 0.4);
  make_directories(directory);
  expert.save_adapter(directory, "base");
}

}  // namespace

TEST_CASE("adapt trains on the examples that it draws, and scores on the others") {
  const ModularRuns runs;
  AdaptSettings settings = settings_of(runs, "out");
  settings.shots = {"3"};
  settings.samples = 2;
  settings.seeds = 2;
  settings.common.seed = 7;
  const std::optional<Adapted> adapted = run(settings);
  REQUIRE(adapted);
  const FewShotSummary& summary = *adapted->summary;
  REQUIRE(summary.runs.size() == 4);
  std::set<std::string> factors;
  const std::vector<Record> all = read_records(runs / "rows.jsonl");
  for (const FewShotRun& one : summary.runs) {
    const fs::path directory =
        run_of(settings, "shots-3/sample-" + std::to_string(one.sample) + "/seed-" + std::to_string(one.seed));
    CAPTURE(directory);
    CHECK((one.seed == 7 || one.seed == 8));
    const auto examples = read_records(directory / "train.jsonl");
    CHECK(examples.size() == 3);
    const auto answered = read_samples(directory / "results/samples.jsonl");
    CHECK(answered.size() == 3);  // of 6 rows
    for (const Sample& sample : answered) {
      const Record& row = all[static_cast<std::size_t>(sample.row)];
      for (const Record& example : examples) CHECK(example.input_ids != row.input_ids);
    }
    CHECK(ExpertDirectory::open(directory / "adapted").name() == "choose");
    factors.insert(test::read_text(directory / "adapted/adapter_model.safetensors"));
    CHECK(read_results(directory / "results/results.json").scores.mean.score == one.score);
  }
  CHECK(factors.size() == 4);
  const std::string before = test::read_text(runs / "out/summary.json");
  CHECK(run(settings)->summary->runs.size() == 4);  // has nothing to train
  CHECK(test::read_text(runs / "out/summary.json") == before);
  settings.samples = 3;  // more of the same
  CHECK(run(settings)->summary->runs.size() == 6);
  settings.tasks = {"choose,write"};
  CHECK(run(settings)->summary->runs.size() == 12);
  settings.training.lr = 0.5;
  CHECK_THROWS_MATCHES(run(settings), Error, FailsWith(ExitCode::usage, "--lr", "the run in"));
}

TEST_CASE("results are not taken for those of other rows") {
  const ModularRuns runs;
  AdaptSettings settings = settings_of(runs, "out");
  run(settings);
  test::write_text(runs / "rows.jsonl", test::read_text(runs / "rows.jsonl") + "\n");
  CHECK_THROWS_MATCHES(run(settings), Error, FailsWith(ExitCode::usage, "--data", "the run in"));
}

TEST_CASE("without examples, adapt scores what it begins with") {
  const ModularRuns runs;
  runs.write("adapter", {"zoo", "kitchen"});
  write_random_lora(runs / "lora", 4);
  AdaptSettings settings = settings_of(runs, "out");
  settings.shots = {"0"};
  EvalSettings judge = runs.settings("judge");
  judge.tasks = {"choose"};
  SECTION("the base") {}
  SECTION("an expert") {
    settings.from = runs / "lora";
    judge.experts = {*settings.from};
  }
  SECTION("a modular adapter, for a task that it does not know") {
    const std::string rule = GENERATE("uniform", "mean");
    settings.from = runs / "adapter";
    settings.unknown_task = rule;
    judge.modular = {*settings.from};
    judge.unknown_task = rule;
  }
  SECTION("a modular adapter, for a task that it knows") {
    runs.write("knows", {"zoo", "choose", "kitchen"});
    settings.from = runs / "knows";
    judge.modular = {*settings.from};
  }
  run(settings);
  REQUIRE(test::evaluate(judge));
  const auto found = runs.samples("out/choose/shots-0/sample-0/seed-0/results", "choose");
  const auto expected = runs.samples("judge", "choose");
  REQUIRE(found.size() == 6);
  for (const auto& [row, sample] : expected) CHECK(test::same_answer(found.at(row), sample));
}

TEST_CASE("adapt trains of a modular adapter what it is asked to") {
  const ModularRuns runs;
  const ModularParameters before = runs.write("adapter", {"zoo", "kitchen"});
  AdaptSettings settings = settings_of(runs, "out");
  settings.from = runs / "adapter";
  settings.routing_lr = 0.5;
  settings.train = GENERATE("routing", "adapters", "both");
  if (settings.train == "adapters") settings.routing_lr = std::nullopt;
  CAPTURE(*settings.train);
  run(settings);
  const ModularDirectory start = ModularDirectory::open(runs / "adapter");
  const ModularDirectory end = ModularDirectory::open(run_of(settings, "shots-2/sample-0/seed-0/adapted"));
  CHECK(end.tasks() == std::vector<std::string>{"choose"});
  CHECK(at::equal(tensor_of(entry_in(start).a), tensor_of(entry_in(end).a)) == (settings.train == "routing"));
  CHECK(at::equal(tensor_of(entry_in(start).b), tensor_of(entry_in(end).b)) == (settings.train == "routing"));
  const at::Tensor logits = tensor_of(entry_in(end).logits);
  CHECK(logits.numel() == 3);
  CHECK((logits == 0).all().item<bool>() == (settings.train == "adapters"));  // uniform at first
}

TEST_CASE("a routed model's experts are averaged to begin with") {
  const ModularRuns runs;
  for (const char* name : {"one", "two", "three"}) write_random_lora(runs / name, name[1]);
  const std::vector<ExpertDirectory> experts = {ExpertDirectory::open(runs / "one"),
                                                ExpertDirectory::open(runs / "two")};
  const auto groups = linear_groups(test::tiny_config());
  const ExpertParameters mean = ExpertParameters::mean(experts, groups, at::kCPU);
  for (const LinearLora& linear : mean.lora()) {
    const at::Tensor update = merged_update(MergeRule::factors, loras_of(experts), linear.path, at::kCPU);  // the judge
    CHECK(at::allclose(at::mm(linear.b, linear.a) * linear.scale, update, 1e-5, 1e-6));
  }

  RoutedModelPlan build{
      .model = runs / "base", .experts = {runs / "one", runs / "two", runs / "three"}, .out = runs / "routed"};
  build.routing.router = "uniform";
  build_routed_model(build);
  AdaptSettings settings = settings_of(runs, "out");
  settings.from = runs / "routed";
  settings.shots = {"0,2"};
  run(settings);
  EvalSettings judge = runs.settings("judge");
  judge.tasks = {"choose"};
  build.routing.router = "merged-factors";
  build.out = runs / "merged";
  build_routed_model(build);
  judge.routed = {(runs / "merged").string()};
  REQUIRE(test::evaluate(judge));
  const auto found = runs.samples("out/choose/shots-0/sample-0/seed-0/results", "choose");
  for (const auto& [row, sample] : runs.samples("judge", "choose")) CHECK(test::same_answer(found.at(row), sample));
  CHECK(ExpertDirectory::open(run_of(settings, "shots-2/sample-0/seed-0/adapted")).loras().begin()->second.rank == 2);
}

TEST_CASE("all weights of the base are trained where that is asked, and scores kept without them") {
  const ModularRuns runs;
  AdaptSettings settings = settings_of(runs, "out");
  settings.train = "model";
  run(settings);
  const fs::path adapted = run_of(settings, "shots-2/sample-0/seed-0/adapted");
  CHECK(base_fingerprint(adapted) != base_fingerprint(settings.model));
  EvalSettings judge = runs.settings("judge");
  judge.model = adapted;
  judge.tasks = {"choose"};
  REQUIRE(test::evaluate(judge));
  const auto found = runs.samples("out/choose/shots-2/sample-0/seed-0/results", "choose");
  const auto expected = runs.samples("judge", "choose");
  CHECK(found.size() == 4);
  for (const auto& [row, sample] : found) CHECK(test::same_answer(expected.at(row), sample));

  settings.keep = false;
  settings.out = runs / "scores";
  const double score = mean_of(settings, 2);
  CHECK_FALSE(fs::exists(run_of(settings, "shots-2/sample-0/seed-0/adapted")));
  CHECK(mean_of(settings, 2) == score);  // read, not trained again
  CHECK_FALSE(fs::exists(run_of(settings, "shots-2/sample-0/seed-0/adapted")));
}

TEST_CASE("examples from a file of their own leave all rows to score on, and validation chooses the state") {
  const ModularRuns runs;
  test::write_text(runs / "few.jsonl", test::read_text(runs / "rows.jsonl"));
  AdaptSettings settings = settings_of(runs, "out");
  settings.data.data = {"choose=" + (runs / "few.jsonl").string()};
  settings.data.valid = {"choose=" + (runs / "rows.jsonl").string()};
  settings.data.eval_every = 1;
  settings.shots = {"all"};
  settings.tasks = {};
  run(settings);
  CHECK(runs.samples("out/choose/all/sample-0/seed-0/results", "choose").size() == 6);
  CHECK(read_records(run_of(settings, "all/sample-0/seed-0/train.jsonl")).size() == 6);
  CHECK(read_json(run_of(settings, "all/sample-0/seed-0/adapted/manifest.json"))["best"].contains("step"));
}

TEST_CASE("of several rates and batches the one that validates best becomes the result") {
  const ModularRuns runs;
  AdaptSettings settings = settings_of(runs, "out");
  settings.valid_shots = 2;
  settings.try_lr = {"0,0.1"};
  settings.try_batch = {"1", "2"};
  run(settings);
  const fs::path directory = run_of(settings, "shots-2/sample-0/seed-0");
  CHECK(read_samples(directory / "results/samples.jsonl").size() == 2);  // 2 of 6 trained on, 2 validated on
  const Json told = read_json(directory / "trials.json");
  REQUIRE(told["trials"].size() == 4);
  std::string best;
  Validation reached;
  for (const Json& trial : told["trials"]) {
    const Validation validation = BestCheckpoint::from_json(trial["best"]).validation();
    const bool better = best.empty() || *validation.accuracy > *reached.accuracy;
    if (!better) continue;
    best = AdaptTrial{trial["lr"], trial["batch"]}.name();
    reached = validation;
  }
  CHECK(told["chosen"] == best);
  const Json chosen = read_json(directory / "adapted/run.json");
  CHECK(AdaptTrial{chosen["lr"], chosen["batch"]}.name() == best);
  CHECK_FALSE(fs::exists(directory / "trials"));

  settings.try_lr = {};  // the same run alone
  settings.try_batch = {};
  settings.training.lr = chosen["lr"];
  settings.training.batch = chosen["batch"];
  settings.out = runs / "alone";
  run(settings);
  CHECK(test::read_text(run_of(settings, "shots-2/sample-0/seed-0/adapted/adapter_model.safetensors")) ==
        test::read_text(directory / "adapted/adapter_model.safetensors"));
}

TEST_CASE("adapt refuses what does not fit before it trains") {
  const ModularRuns runs;
  runs.write("adapter", {"zoo"});
  write_random_lora(runs / "lora", 4);
  AdaptSettings settings = settings_of(runs, "out");
  const auto refuses = [&](ExitCode code, const std::string& found, const std::string& expected) {
    CHECK_THROWS_MATCHES(run(settings), Error, FailsWith(code, found, expected));
    CHECK_FALSE(fs::exists(runs / "out"));
  };
  SECTION("more examples than there are") {
    settings.shots = {"7"};
    refuses(ExitCode::bad_data, "6 examples of task choose", "--shots");
  }
  SECTION("no rows left to score on") {
    settings.shots = {"all"};
    refuses(ExitCode::bad_data, "6 examples, of which 6", "--data choose=FILE");
  }
  SECTION("routing of what has none") {
    settings.train = "routing";
    settings.from = runs / "lora";
    refuses(ExitCode::usage, "--train", "adapters");
  }
  SECTION("options without a use") {
    settings.from = runs / "lora";
    SECTION("new routing") {
      settings.unknown_task = "mean";
      refuses(ExitCode::usage, "--unknown-task", "mixes by task");
    }
    SECTION("rate of routing") {
      settings.routing_lr = 0.1;
      refuses(ExitCode::usage, "--routing-lr", "--train both or routing");
    }
    SECTION("a rank") {
      settings.rank = 3;
      refuses(ExitCode::usage, "--rank", "--from");
    }
  }
  SECTION("a model of its own where there is none") {
    settings.train = "model";
    settings.from = runs / "lora";
    refuses(ExitCode::usage, "--train", "nothing is in --from");
  }
  SECTION("routes of what has none") {
    settings.from = runs / "adapter";
    settings.route = "argmax";
    refuses(ExitCode::usage, "--route", "a task-level mixture");
  }
  SECTION("an unknown task") {
    settings.tasks = {"chose"};
    refuses(ExitCode::usage, "chose", "choose");
  }
}

}  // namespace phatgoose
