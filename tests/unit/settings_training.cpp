#include "phatgoose/settings/training.h"

#include <catch2/catch.hpp>
#include <filesystem>

#include "phatgoose/settings/pretrain.h"
#include "support/fails_with.h"
#include "support/scratch_directory.h"

namespace phatgoose {
namespace {

using test::FailsWith;

TEST_CASE("a data file given twice is refused, under whatever name") {
  const test::ScratchDirectory scratch;
  test::write_text(scratch / "a.jsonl", "{}");
  test::write_text(scratch / "b.jsonl", "{}");
  std::filesystem::create_symlink(scratch / "a.jsonl", scratch / "c.jsonl");
  const std::string a = scratch / "a.jsonl", b = scratch / "b.jsonl", c = scratch / "c.jsonl";
  const std::string roundabout = scratch.path().string() + "/./a.jsonl";

  DataSettings settings;
  settings.data = {a, b};
  settings.valid = {b, a};
  CHECK_NOTHROW(settings.check());
  settings.data = {a, b, a};
  CHECK_THROWS_MATCHES(settings.check(), Error, FailsWith(ExitCode::usage, "--data", "a.jsonl", "--data-mix"));
  settings.data = {a, b, roundabout};
  CHECK_THROWS_MATCHES(settings.check(), Error, FailsWith(ExitCode::usage, "--data", "./a.jsonl"));
  settings.data = {b, a, c};
  CHECK_THROWS_MATCHES(settings.check(), Error, FailsWith(ExitCode::usage, "--data", "c.jsonl", "a.jsonl"));
  settings.data = {a, scratch / "missing.jsonl"};  // reading it will say so
  CHECK_NOTHROW(settings.check());
  settings.valid = {b, b};
  CHECK_THROWS_MATCHES(settings.check(), Error, FailsWith(ExitCode::usage, "--valid", "b.jsonl"));
}

TEST_CASE("mixing that contradicts itself is refused") {
  DataSettings settings;
  settings.mix = "equal";
  CHECK_NOTHROW(settings.check());
  settings.mix_cap = 5;
  CHECK_THROWS_MATCHES(settings.check(), Error, FailsWith(ExitCode::usage, "--data-mix-cap", "--data-mix size"));
  settings.mix = "size";
  CHECK_NOTHROW(settings.check());
  settings.shuffle = false;
  CHECK_THROWS_MATCHES(settings.check(), Error, FailsWith(ExitCode::usage, "--shuffle", "--data-mix-cap"));
  settings.mix_cap.reset();
  CHECK_NOTHROW(settings.check());
  settings.mix = "equal";
  CHECK_THROWS_MATCHES(settings.check(), Error, FailsWith(ExitCode::usage, "--shuffle", "--data-mix equal"));
}

TEST_CASE("options of the optimiser that was not chosen are refused") {
  TrainingSettings settings;
  settings.beta1 = 0.8;
  settings.beta2 = 0.99;
  CHECK_NOTHROW(settings.check());
  settings.scale_parameter = true;
  CHECK_THROWS_MATCHES(settings.check(), Error,
                       FailsWith(ExitCode::usage, "--scale-parameter", "--optimizer adamw", "--optimizer adafactor"));
  settings.optimizer = "adafactor";
  CHECK_THROWS_MATCHES(settings.check(), Error, FailsWith(ExitCode::usage, "--beta1", "--optimizer adafactor"));
  settings.beta1.reset();
  CHECK_THROWS_MATCHES(settings.check(), Error, FailsWith(ExitCode::usage, "--beta2", "--optimizer adafactor"));
  settings.beta2.reset();
  CHECK_NOTHROW(settings.check());
}

TEST_CASE("what the chosen optimiser needs is filled in, with the command's own defaults") {
  TrainingSettings settings;
  settings.resolve();
  CHECK(settings.beta1 == 0.9);
  CHECK(settings.beta2 == 0.999);
  settings.beta2 = 0.5;
  settings.resolve();
  CHECK(settings.beta2 == 0.5);

  PretrainSettings pretraining;
  pretraining.resolve();
  CHECK(pretraining.training.beta2 == 0.98);
  CHECK(pretraining.decay_ratio == 0.5);

  TrainingSettings other;
  other.optimizer = "adafactor";
  other.resolve();
  CHECK_FALSE(other.beta1);
  CHECK_FALSE(other.beta2);
}

TEST_CASE("pretraining has one rule by which the rate falls") {
  PretrainSettings settings;
  settings.training.schedule = "linear";
  CHECK_NOTHROW(settings.check());
  settings.resolve();
  CHECK_FALSE(settings.decay_ratio);
  settings.decay_ratio = 0.25;
  CHECK_THROWS_MATCHES(settings.check(), Error, FailsWith(ExitCode::usage, "--decay-ratio", "--schedule linear"));
  settings.training.schedule = "inverse-sqrt";
  CHECK_NOTHROW(settings.check());
  settings = {};
  settings.training.optimizer = "adafactor";
  CHECK_NOTHROW(settings.check());
  settings.training.beta2 = 0.9;
  CHECK_THROWS_MATCHES(settings.check(), Error, FailsWith(ExitCode::usage, "--beta2"));
}

}  // namespace
}  // namespace phatgoose
