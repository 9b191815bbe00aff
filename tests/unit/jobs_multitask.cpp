// Training on several data sets at once (METHODS 4, multitask).
#include <catch2/catch.hpp>
#include <map>
#include <sstream>

#include "phatgoose/base/signals.h"
#include "phatgoose/data/mixed_order.h"
#include "phatgoose/jobs/training_data.h"
#include "phatgoose/store/manifest.h"
#include "support/fails_with.h"
#include "support/workshop.h"

namespace phatgoose {
namespace {

using test::FailsWith;
using test::run;

/// A workshop with three data sets of unequal size.
struct Multitask : test::Workshop {
  Multitask() {
    test::write_tiny_rows(scratch / "second.jsonl", 3, 40);
    test::write_tiny_rows(scratch / "third.jsonl", 8, 60);
  }

  TrainExpertSettings mixed(const char* out) const {
    TrainExpertSettings settings = expert();
    settings.out = scratch / out;
    settings.data.data = {scratch / "rows.jsonl", scratch / "second.jsonl", scratch / "third.jsonl"};
    return settings;
  }

  std::vector<Example> all_rows() const {
    std::vector<Example> rows = test::tiny_examples(20);
    for (const auto& [count, first] : {std::pair(3, 40), std::pair(8, 60)}) {
      for (const Example& example : test::tiny_examples(count, first)) rows.push_back(example);
    }
    return rows;
  }

  /// Adapter and metrics of a run.
  std::string product(const std::string& out) const {
    return bytes((out + "/adapter_model.safetensors").c_str()) + bytes((out + "/metrics.jsonl").c_str());
  }
};

TEST_CASE("training on mixed data sets is training on their rows in the mixed order") {
  const Multitask shop;
  const auto mixing = GENERATE(Mixing{.equal = true}, Mixing{.cap = 5});
  TrainExpertSettings settings = shop.mixed("mixed");
  settings.data.mix = mixing.equal ? "equal" : "size";
  settings.data.mix_cap = mixing.cap;
  run(settings);

  const std::vector<Example> rows = shop.all_rows();
  const auto order = make_row_order({20, 3, 8}, mixing, static_cast<std::uint64_t>(settings.common.seed), true);
  std::vector<Example> visited;
  for (const std::int64_t row : order->global_batch(0, 15)) visited.push_back(rows[static_cast<std::size_t>(row)]);
  test::write_rows(shop.scratch / "visited.jsonl", visited);
  settings = shop.expert();
  settings.data.data = {shop.scratch / "visited.jsonl"};
  settings.data.shuffle = false;
  run(settings);
  CHECK((shop.product("mixed") == shop.product("expert")));
}

TEST_CASE("mixing by size is training on all rows in one file, and a cap counts only below a size") {
  const Multitask shop;
  run(shop.mixed("by-size"));
  TrainExpertSettings settings = shop.mixed("loose");
  settings.data.mix_cap = 20;
  run(settings);
  settings = shop.mixed("tight");
  settings.data.mix_cap = 19;
  run(settings);
  settings = shop.expert();
  test::write_rows(shop.scratch / "all.jsonl", shop.all_rows());
  settings.data.data = {shop.scratch / "all.jsonl"};
  run(settings);
  CHECK((shop.product("by-size") == shop.product("expert")));
  CHECK((shop.product("loose") == shop.product("expert")));
  CHECK((shop.product("tight") != shop.product("expert")));
}

TEST_CASE("the manifest says how data sets were mixed, and a run continues only with the same mixing") {
  const Multitask shop;
  TrainExpertSettings settings = shop.mixed("expert");
  settings.data.mix_cap = 4;
  run(settings);
  const Json training = read_manifest(settings.out, "expert")->body.at("training");
  CHECK(training.at("data-mix") == "size");
  CHECK(training.at("data-mix-cap") == 4);
  CHECK(training.at("data").size() == 3);
  settings.data.mix_cap = 5;
  CHECK_THROWS_MATCHES(run(settings), Error, FailsWith(ExitCode::usage, "--data-mix-cap", "5", "4"));
  settings.data.mix_cap.reset();
  settings.data.mix = "equal";
  CHECK_THROWS_MATCHES(run(settings), Error, FailsWith(ExitCode::usage, "--data-mix", "equal", "size"));
}

TEST_CASE("micro-batches do not change the mixed rows") {
  const Multitask shop;
  std::vector<std::string> metrics;
  for (const std::int64_t tokens : {1, 30, 4096}) {
    TrainExpertSettings settings = shop.mixed(std::to_string(tokens).c_str());
    settings.data.mix = "equal";
    settings.training.pass_tokens = tokens;
    run(settings);
    metrics.push_back(shop.bytes((std::to_string(tokens) + "/metrics.jsonl").c_str()));
  }
  for (const std::string& text : metrics) {
    std::istringstream lines(text), expected(metrics.back());
    for (std::string line, other; std::getline(expected, other);) {
      REQUIRE(std::getline(lines, line));
      CHECK(Json::parse(line).at("loss").get<double>() == Approx(Json::parse(other).at("loss").get<double>()));
    }
  }
}

TEST_CASE("bad mixing is refused before anything is written") {
  const Multitask shop;
  TrainExpertSettings settings = shop.mixed("out");
  settings.data.data.push_back(settings.data.data.front());
  CHECK_THROWS_MATCHES(run(settings), Error, FailsWith(ExitCode::usage, "--data", "rows.jsonl"));
  settings = shop.mixed("out");
  settings.data.mix = "equal";
  settings.data.shuffle = false;
  CHECK_THROWS_MATCHES(run(settings), Error, FailsWith(ExitCode::usage, "--shuffle"));
  CHECK_FALSE(fs::exists(shop.scratch / "out"));

  run(shop.expert());
  TrainGateSettings gate = shop.gate();
  gate.data.data = {shop.scratch / "rows.jsonl", shop.scratch / "rows.jsonl"};
  CHECK_THROWS_MATCHES(run(gate), Error, FailsWith(ExitCode::usage, "--data", "rows.jsonl"));
}

TEST_CASE("a gate is trained on the data of a multitask expert, mixed in the same way") {
  const Multitask shop;
  run(shop.expert());
  const auto gate_of = [&](const char* out, const char* mix) {
    TrainGateSettings settings = shop.gate();
    settings.out = shop.scratch / out;
    settings.data.data = shop.mixed("").data.data;
    settings.data.mix = mix;
    run(settings);
    return shop.bytes((std::string(out) + "/gate.safetensors").c_str());
  };
  CHECK((gate_of("a", "equal") == gate_of("b", "equal")));
  CHECK((gate_of("c", "size") != gate_of("b", "equal")));
}

TEST_CASE("the accuracy on several validation files is the mean of theirs") {
  const Multitask shop;
  const auto accuracies = [&](const char* out, const std::vector<std::string>& valid) {
    TrainExpertSettings settings = shop.mixed(out);
    settings.training.lr = 0.05;
    settings.training.steps = 6;
    settings.data.valid = valid;
    settings.data.eval_every = 2;
    run(settings);
    std::vector<double> found;
    const std::string metrics = shop.bytes((std::string(out) + "/metrics.jsonl").c_str());
    for (const Json& line : test::metrics_with("validation_accuracy", metrics)) {
      found.push_back(line.at("validation_accuracy"));
    }
    return found;
  };
  const std::string six = shop.scratch / "valid.jsonl", eight = shop.scratch / "third.jsonl";
  const auto both = accuracies("both", {six, eight}), first = accuracies("first", {six});
  const auto second = accuracies("second", {eight});
  REQUIRE(both.size() == 3);
  for (std::size_t i = 0; i < both.size(); ++i) CHECK(both[i] == Approx((first.at(i) + second.at(i)) / 2));
}

TEST_CASE("rows to train on name the data set that they come from") {
  const Multitask shop;
  DataSettings settings = shop.mixed("").data;
  settings.valid = {shop.scratch / "valid.jsonl"};
  const TrainingData data = read_training_data(settings, shop.scratch / "base", test::tiny_config());
  std::vector<std::int64_t> tasks;
  for (const Example& example : data.train) tasks.push_back(example.task);
  std::vector<std::int64_t> expected(20, 0);
  expected.insert(expected.end(), 3, 1);
  expected.insert(expected.end(), 8, 2);
  CHECK(tasks == expected);
  EpochSource source = training_source(data, settings, /*batch=*/31, /*seed=*/4);
  std::map<std::int64_t, int> visited;
  for (const Example& example : source.next()) ++visited[example.task];
  CHECK(visited == std::map<std::int64_t, int>{{0, 20}, {1, 3}, {2, 8}});
}

}  // namespace
}  // namespace phatgoose
