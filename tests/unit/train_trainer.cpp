#include "phatgoose/train/trainer.h"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <map>

#include "phatgoose/adapters/expert_parameters.h"
#include "phatgoose/base/log.h"
#include "phatgoose/base/numbers.h"
#include "phatgoose/base/signals.h"
#include "phatgoose/jobs/adapter_job.h"
#include "phatgoose/train/adafactor.h"
#include "phatgoose/train/adamw.h"
#include "phatgoose/train/epoch_source.h"
#include "phatgoose/train/sequence_loss.h"
#include "support/fails_with.h"
#include "support/stderr_of.h"
#include "support/tiny_training.h"

namespace phatgoose {
namespace {

constexpr std::int64_t kNever = -1;

std::unique_ptr<RowOrder> shuffled(const std::vector<Example>& examples, std::uint64_t seed) {
  return std::make_unique<DataOrder>(static_cast<std::int64_t>(examples.size()), seed, /*shuffle=*/true);
}

/// An epoch source that requests a stop when it is asked for the examples of one step.
class StoppingSource : public EpochSource {
 public:
  StoppingSource(const std::vector<Example>& examples, std::int64_t batch, std::int64_t stop_at)
      : EpochSource(examples, batch, shuffled(examples, /*seed=*/3)), stop_at_(stop_at) {}
  std::vector<Example> next() override {
    if (position() == stop_at_) request_stop();
    return EpochSource::next();
  }

 private:
  std::int64_t stop_at_;
};

TrainerSettings tiny_settings(std::int64_t steps) {
  return {.schedule = {.peak = 0.02, .steps = steps, .warmup_steps = 1},
          .dropout = 0.1,
          .seed = 5,
          .eval_every = 2,
          .save_every = 3,
          .pass_tokens = 24};
}

/// Everything that a run leaves behind.
struct Result {
  TrainingOutcome outcome;
  std::vector<at::Tensor> values;
  std::string metrics;
  std::optional<std::int64_t> best_step;
};

struct Run {
  TrainerSettings settings = tiny_settings(7);
  std::int64_t batch = 6;
  std::int64_t stop_before_step = kNever;
  std::int64_t stop_in_validation = kNever;  ///< of the state after so many updates
  bool validated = true;
  bool adafactor = false;

  std::unique_ptr<Optimizer> optimizer(std::vector<Parameter> parameters) const {
    if (!adafactor) return std::make_unique<AdamW>(std::move(parameters), AdamWSettings{});
    return std::make_unique<Adafactor>(std::move(parameters), AdafactorSettings{.scale_parameter = true});
  }

  Result in(const fs::path& directory) const {
    clear_stop_request();
    T5Model model = test::tiny_model();
    ExpertParameters expert = ExpertParameters::initial(linear_groups(model.config()), 4, 11, at::kCPU);
    expert.set_trainable(true, false);
    expert.attach(model);
    const std::vector<Example> examples = test::tiny_examples(20);
    StoppingSource source(examples, batch, stop_before_step);
    const std::vector<Parameter> parameters = trained_parameters(expert);
    const SequenceLoss objective(model);
    const std::unique_ptr<Optimizer> optimizer = this->optimizer(parameters);
    const Validator validator = [&]() -> std::optional<Validation> {
      if (source.position() == stop_in_validation) request_stop();
      const std::optional<double> loss = mean_loss(objective, std::span(examples).first(8), settings.pass_tokens);
      return loss ? std::optional(Validation{.loss = *loss, .accuracy = std::nullopt}) : std::nullopt;
    };
    Trainer trainer(objective, *optimizer, source, validated ? validator : Validator{}, settings, directory);
    Result result{trainer.run(), {}, test::read_text(directory / "metrics.jsonl"), trainer.best().step()};
    for (const Parameter& parameter : parameters) result.values.push_back(parameter.value().clone());
    clear_stop_request();
    return result;
  }
};

bool same_bits(const std::vector<at::Tensor>& a, const std::vector<at::Tensor>& b) {
  bool same = a.size() == b.size();
  for (std::size_t i = 0; same && i < a.size(); ++i) same = at::equal(a[i], b[i]);
  return same;
}

double largest_difference(const std::vector<at::Tensor>& a, const std::vector<at::Tensor>& b) {
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, (a[i] - b[i]).abs().max().item<double>());
  return largest;
}

/// Relative path -> content of every file under `directory`, but for timing.jsonl, which tells of the clock.
std::map<std::string, std::string> files_under(const fs::path& directory) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    if (entry.is_regular_file() && entry.path().filename() != "timing.jsonl")
      files[fs::relative(entry.path(), directory)] = test::read_text(entry.path());
  }
  return files;
}

TEST_CASE("a run stopped before any step and continued leaves the same bytes") {
  Run run;
  run.adafactor = GENERATE(false, true);
  CAPTURE(run.adafactor);
  run.settings.keep_checkpoints = 2;
  const test::ScratchDirectory unbroken;
  const Result expected = run.in(unbroken.path());
  REQUIRE(expected.outcome == TrainingOutcome::finished);
  CheckpointFolder(unbroken.path()).prune(2, 3, 7);
  const auto expected_files = files_under(unbroken.path());
  CHECK(expected_files.size() == 1 + 2 * 2);

  for (const std::int64_t stop : {0, 1, 2, 3, 4, 6}) {
    CAPTURE(stop);
    const test::ScratchDirectory broken;
    Run first = run;
    first.stop_before_step = stop;
    CHECK(first.in(broken.path()).outcome == TrainingOutcome::stopped);
    CHECK(CheckpointFolder(broken.path()).steps().back() == stop);
    const Result resumed = run.in(broken.path());
    CHECK(resumed.outcome == TrainingOutcome::finished);
    CHECK(same_bits(resumed.values, expected.values));
    CHECK(resumed.best_step == expected.best_step);
    CheckpointFolder(broken.path()).prune(2, 3, 7);
    CHECK(files_under(broken.path()) == expected_files);
  }
}

TEST_CASE("a run stopped in validations and again and again leaves the same bits") {
  const Run run;
  const test::ScratchDirectory unbroken, broken;
  const Result expected = run.in(unbroken.path());
  for (const std::int64_t stop : {2, 4, 7}) {
    Run part = run;
    part.stop_in_validation = stop;
    CHECK(part.in(broken.path()).outcome == TrainingOutcome::stopped);
    CHECK(CheckpointFolder(broken.path()).steps().back() == stop);
  }
  const Result resumed = run.in(broken.path());
  CHECK(resumed.outcome == TrainingOutcome::finished);
  CHECK(same_bits(resumed.values, expected.values));
  CHECK(resumed.metrics == expected.metrics);
}

TEST_CASE("a run whose newest checkpoint is damaged continues from the one before, to the same bytes") {
  const Run run;
  const test::ScratchDirectory unbroken, broken;
  const Result expected = run.in(unbroken.path());
  Run first = run;
  first.stop_before_step = 5;
  first.in(broken.path());
  REQUIRE(CheckpointFolder(broken.path()).steps() == std::vector<std::int64_t>{3, 5});
  test::write_text(broken / "checkpoints/step-5/state.safetensors", "");
  const Result resumed = run.in(broken.path());
  CHECK(same_bits(resumed.values, expected.values));
  CHECK(resumed.metrics == expected.metrics);
}

TEST_CASE("the size of the micro-batches changes nothing but rounding") {
  Run run;
  run.settings.schedule.steps = 4;
  const test::ScratchDirectory whole, cut, single;
  run.settings.pass_tokens = 1000000;
  const Result expected = run.in(whole.path());
  run.settings.pass_tokens = 30;
  const Result in_parts = run.in(cut.path());
  run.settings.pass_tokens = 1;
  const Result row_by_row = run.in(single.path());
  CHECK(largest_difference(expected.values, in_parts.values) < 1e-4);
  CHECK(largest_difference(expected.values, row_by_row.values) < 1e-4);
  // Adam's first updates are all of the size of the learning rate, so that a real difference would be far larger.
  CHECK(largest_difference(expected.values, Run{}.in(test::ScratchDirectory().path()).values) > 5e-3);
}

TEST_CASE("the loss of a learnable task falls") {
  Run run;
  run.settings = {.schedule = {.peak = 0.05, .steps = 40, .warmup_steps = 2}, .eval_every = 10, .save_every = 100};
  run.batch = 20;
  const test::ScratchDirectory scratch;
  const Result result = run.in(scratch.path());
  double first = 0, last = 0;
  std::istringstream lines(result.metrics);
  for (std::string line; std::getline(lines, line);) {
    const Json json = Json::parse(line);
    if (!json.contains("loss")) continue;
    last = json.at("loss");
    if (first == 0) first = last;
  }
  CHECK(last < 0.5 * first);
}

TEST_CASE("metrics name every step and validation, and no time") {
  Run run;
  run.settings.schedule.steps = 3;
  const test::ScratchDirectory scratch;
  std::istringstream lines(run.in(scratch.path()).metrics);
  std::vector<std::string> kinds;
  for (std::string line; std::getline(lines, line);) {
    const Json json = Json::parse(line);
    kinds.push_back(json.at("step").dump() + (json.contains("loss") ? " step" : " validation"));
    if (kinds.size() == 1) {
      CHECK(json.at("learning_rate") == 0.0);
      CHECK(json.at("rows") == 6);
      CHECK(json.at("target_tokens") == 12);
    }
  }
  CHECK(kinds == std::vector<std::string>{"1 step", "2 step", "2 validation", "3 step", "3 validation"});
}

TEST_CASE("timing tells for every step how long it took and how much memory, over all parts of a run") {
  Run run;
  run.settings.schedule.steps = 4;
  const test::ScratchDirectory scratch;
  run.stop_before_step = 2;
  CHECK(run.in(scratch.path()).outcome == TrainingOutcome::stopped);
  run.stop_before_step = kNever;
  CHECK(run.in(scratch.path()).outcome == TrainingOutcome::finished);
  std::istringstream lines(test::read_text(scratch / "timing.jsonl"));
  std::vector<std::int64_t> steps;
  for (std::string line; std::getline(lines, line);) {
    const Json json = Json::parse(line);
    steps.push_back(json.at("step"));
    CHECK(json.at("seconds") >= 0.0);
    CHECK(json.at("tokens_per_second") > 0.0);
    CHECK(json.at("memory_mib") > 1);
    CHECK_FALSE(json.contains("device_memory_mib"));
  }
  CHECK(steps == std::vector<std::int64_t>{1, 2, 3, 4});
}

TEST_CASE("before the first step a run says how much is trained") {
  Run run;
  run.settings.schedule.steps = 1;
  const test::ScratchDirectory scratch;
  const LogLevel before = log_level();
  set_log_level(LogLevel::info);
  const std::string said = test::stderr_of([&] { run.in(scratch.path()); });
  set_log_level(before);
  T5Model model = test::tiny_model();
  std::int64_t parameters = 0;
  const auto expert = ExpertParameters::initial(linear_groups(model.config()), 4, 11, at::kCPU);
  for (const auto& group : expert.groups()) {
    parameters += group->a.numel() + group->b.numel();
  }
  CHECK_THAT(said, Catch::Contains("training " + grouped(parameters) + " parameters for 1 step"));
}

TEST_CASE("without validation the last state is the result") {
  Run run;
  run.validated = false;
  run.settings.schedule.steps = 2;
  const test::ScratchDirectory scratch;
  const Result result = run.in(scratch.path());
  CHECK(result.outcome == TrainingOutcome::finished);
  CHECK_FALSE(result.best_step);
}

TEST_CASE("the parameters at the end are those of the best validation, by accuracy where there is one") {
  const bool with_accuracy = GENERATE(false, true);
  T5Model model = test::tiny_model();
  ExpertParameters expert = ExpertParameters::initial(linear_groups(model.config()), 2, 1, at::kCPU);
  expert.set_trainable(true, false);
  expert.attach(model);
  const std::vector<Example> examples = test::tiny_examples(5);
  EpochSource source(examples, 2, shuffled(examples, 0));
  const std::vector<Parameter> parameters = trained_parameters(expert);
  const std::vector<double> losses = {3, with_accuracy ? 2.5 : 1, 2};
  const std::vector<double> accuracies = {0.5, 0.75, 0.25};
  std::size_t calls = 0;
  at::Tensor at_best;
  const Validator validator = [&]() -> std::optional<Validation> {
    if (calls == 1) at_best = parameters[0].value().clone();
    Validation validation{.loss = losses[calls]};
    if (with_accuracy) validation.accuracy = accuracies[calls];
    ++calls;
    return validation;
  };
  TrainerSettings settings = tiny_settings(6);
  const test::ScratchDirectory scratch;
  const SequenceLoss objective(model);
  AdamW optimizer(parameters, {});
  Trainer trainer(objective, optimizer, source, validator, settings, scratch.path());
  CHECK(trainer.run() == TrainingOutcome::finished);
  CHECK(trainer.best().step() == 4);
  CHECK(at::equal(parameters[0].value(), at_best));
}

TEST_CASE("a loss that is not a number ends the run and leaves the last good checkpoint") {
  Run run;
  run.settings.schedule = {.peak = 1e30, .steps = 7, .warmup_steps = 5};
  run.settings.save_every = 1;
  run.validated = false;
  const test::ScratchDirectory scratch;
  CHECK_THROWS_MATCHES(run.in(scratch.path()), Error, test::FailsWith(ExitCode::diverged, "step", "lower --lr"));
  CHECK_FALSE(CheckpointFolder(scratch.path()).steps().empty());
}

/// The objective sum of (w - row)^2 over the rows of a step, each with `input` {row}, by the number of rows.
class SquaredDistance : public Objective {
 public:
  explicit SquaredDistance(at::Tensor weight) : weight_(std::move(weight)) {}
  at::Tensor sum(std::span<const Example> examples, std::span<const std::int64_t> rows,
                 const Dropout* /*dropout*/) const override {
    at::Tensor total = at::zeros({});
    for (const std::int64_t row : rows) {
      total = total + (weight_ - static_cast<double>(examples[row].input[0])).square().sum();
    }
    return total;
  }
  double divisor(std::span<const Example> examples) const override { return static_cast<double>(examples.size()); }

 private:
  at::Tensor weight_;
};

/// w -= lr * gradient, and the sum of all gradients as a state that has no parameter's shape.
class Descent : public Optimizer {
 public:
  using Optimizer::Optimizer;
  std::vector<std::pair<std::string, at::Tensor>> state() const override { return {{"sum", sum_}}; }

 private:
  void apply(const Groups& groups, double lr) override {
    for (const auto& [group, members] : groups) {
      for (const std::size_t i : members) {
        parameters()[i].value().sub_(parameters()[i].gradient() * (lr * group.lr_scale));
        sum_.add_(parameters()[i].gradient().sum());
      }
    }
  }

  at::Tensor sum_ = at::zeros({1});
};

TEST_CASE("any objective is trained by any optimiser, and its state is resumed") {
  const std::vector<Example> examples = {{{2}, {1}}, {{4}, {1}}};
  const auto train = [&](const fs::path& run, std::int64_t stop_at) {
    const at::Tensor weight = at::zeros({1}).requires_grad_(true);
    const SquaredDistance objective(weight);
    Descent optimizer({{.name = "w", .leaf = weight}});
    StoppingSource source(examples, 2, stop_at);
    TrainerSettings settings{.schedule = {.peak = 0.25, .steps = 6, .warmup_steps = 0}, .clip = 0, .pass_tokens = 1};
    clear_stop_request();
    Trainer trainer(objective, optimizer, source, {}, settings, run);
    trainer.run();
    clear_stop_request();
    return std::pair(weight.item<double>(), optimizer.state().front().second.item<double>());
  };
  const test::ScratchDirectory unbroken, broken;
  const auto expected = train(unbroken.path(), kNever);
  // Towards the mean of the rows: w_{i+1} = w_i + (3 - w_i) / 2, and the gradients sum to -4 w.
  CHECK(expected.first == Approx(3 * (1 - std::pow(0.5, 6))));
  CHECK(expected.second == Approx(-4 * expected.first));
  train(broken.path(), 4);
  CHECK(train(broken.path(), kNever) == expected);
}

}  // namespace
}  // namespace phatgoose
