// `phatgoose adapt` from a task-level mixture: every task begins with the model that the mixture is for it.
#include <catch2/catch.hpp>

#include "phatgoose/store/safetensors.h"
#include "support/adapt_runs.h"
#include "support/fails_with.h"
#include "support/mixture_runs.h"

namespace phatgoose {
namespace {

using test::FailsWith;
using test::MixtureFiles;
using test::MixtureRuns;
using test::run;
using test::run_of;

AdaptSettings from_mixture(const MixtureRuns& runs, const std::string& out) {
  AdaptSettings settings = test::settings_of(runs, out);
  settings.from = runs / "mixture";
  return settings;
}

}  // namespace

TEST_CASE("without examples, adapt scores the model that a mixture is for the task") {
  const MixtureRuns runs;
  runs.write(runs.files());
  AdaptSettings settings = from_mixture(runs, "out");
  settings.shots = {"0"};
  settings.tasks = {"choose,write"};
  run(settings);
  for (const std::string task : {"choose", "write"}) {
    runs.evaluate_exported(task, task, std::nullopt);
    runs.check_same("out/" + task + "/shots-0/sample-0/seed-0/results", task, task);
  }
}

TEST_CASE("with examples, adapt begins with the model that a mixture is for the task") {
  const MixtureRuns runs;
  MixtureFiles files = runs.files();
  SECTION("whose route is one-hot") {}
  SECTION("whose copies are averaged") { files.routes = {0.6F, 0.4F, 0.3F, 0.7F, 0.2F, 0.8F, 0.9F, 0.1F}; }
  runs.write(files);
  AdaptSettings settings = from_mixture(runs, "still");
  settings.route = "softmax";
  settings.training.lr = 0;
  run(settings);
  const std::string exported = runs.exported("exported", "choose", "softmax");
  const auto weights = [](const fs::path& model) { return test::read_text(model / "model.safetensors"); };
  const std::string place = "shots-2/sample-0/seed-0/adapted";
  CHECK(weights(run_of(settings, place)) == weights(exported));

  settings.out = runs / "trained";
  settings.training.lr = 0.01;
  run(settings);
  AdaptSettings judge = test::settings_of(runs, "judge");  // the same training of the exported model
  judge.model = exported;
  judge.train = "model";
  judge.training.lr = 0.01;
  run(judge);
  CHECK(weights(run_of(settings, place)) == weights(run_of(judge, place)));
  CHECK(weights(run_of(settings, place)) != weights(exported));
}

TEST_CASE("a task that a mixture does not know begins by its vector") {
  const MixtureRuns runs;
  MixtureFiles files = runs.files();
  files.manifest.tasks = {"zoo", "write"};
  runs.write(files);
  AdaptSettings settings = from_mixture(runs, "out");
  CHECK_THROWS_MATCHES(run(settings), Error,
                       FailsWith(ExitCode::usage, "--from", "no route for task \"choose\"", "--vectors"));
  test::write_vectors(runs / "vectors", {"choose"}, {0.1, 0, 0}, files.manifest.base_fingerprint);
  settings.task_vectors = runs / "vectors";
  settings.shots = {"0,2"};
  CHECK_THROWS_MATCHES(run(settings), Error, FailsWith(ExitCode::usage, "--from", "--route argmax"));
  CHECK_FALSE(fs::exists(runs / "out"));
  settings.route = "argmax";
  run(settings);
  runs.evaluate_exported("plain", "choose", "argmax", /*vectors=*/true);
  runs.check_same("out/choose/shots-0/sample-0/seed-0/results", "plain", "choose");
  test::write_vectors(runs / "vectors", {"choose"}, {-2, 1, 0.5}, files.manifest.base_fingerprint);
  CHECK_THROWS_MATCHES(run(settings), Error, FailsWith(ExitCode::usage, "--vectors", "the run in"));
}

TEST_CASE("a mixture is adapted as a whole") {
  const MixtureRuns runs;
  runs.write(runs.files());
  AdaptSettings settings = from_mixture(runs, "out");
  settings.train = GENERATE("adapters", "both");
  CHECK_THROWS_MATCHES(run(settings), Error, FailsWith(ExitCode::usage, "--train", "adapt"));
  CHECK_FALSE(fs::exists(runs / "out"));
}

}  // namespace phatgoose
