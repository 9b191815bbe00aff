#include "phatgoose/train/checkpoint.h"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include "support/fails_with.h"
#include "support/scratch_directory.h"
#include "support/stderr_of.h"

namespace phatgoose {
namespace {

using Steps = std::vector<std::int64_t>;

void write_steps(const CheckpointFolder& folder, const Steps& steps) {
  for (const std::int64_t step : steps) folder.write(step, {{"step", step}}, {{"x", at::full({2}, double(step))}});
}

TEST_CASE("a checkpoint gives back what was written") {
  const test::ScratchDirectory scratch;
  const CheckpointFolder folder(scratch.path());
  CHECK_FALSE(folder.read_newest());
  const at::Tensor a = at::randn({3, 2}), b = at::randn({});
  folder.write(9, {{"best", nullptr}, {"rate", 0.1}}, {{"a", a}, {"b", b}});
  write_steps(folder, {10});
  CHECK(folder.read_newest()->step == 10);
  fs::remove_all(scratch / "checkpoints/step-10");
  CHECK(folder.read_newest()->step == 9);
  CHECK(folder.read_newest()->state.at("rate") == 0.1);
  const at::Tensor c = at::zeros({3, 2}), d = at::zeros({});
  folder.read_tensors(9, {{"a", c}, {"b", d}});
  CHECK(at::equal(a, c));
  CHECK(at::equal(b, d));
}

TEST_CASE("tensors that are missing or of another shape are refused") {
  const test::ScratchDirectory scratch;
  const CheckpointFolder folder(scratch.path());
  write_steps(folder, {1});
  CHECK_THROWS_MATCHES(folder.read_tensors(1, {{"y", at::zeros({2})}}), Error,
                       test::FailsWith(ExitCode::bad_data, "y"));
  CHECK_THROWS_MATCHES(folder.read_tensors(1, {{"x", at::zeros({3})}}), Error,
                       test::FailsWith(ExitCode::bad_data, "x", "[3]"));
}

/// Flips a bit of the tensors of step-N.
void damage(const fs::path& run, std::int64_t step) {
  const fs::path state = run / "checkpoints" / ("step-" + std::to_string(step)) / "state.safetensors";
  std::string bytes = test::read_text(state);
  bytes.back() ^= 1;
  test::write_text(state, bytes);
}

TEST_CASE("a checkpoint without manifest does not count") {
  const test::ScratchDirectory scratch;
  const CheckpointFolder folder(scratch.path());
  write_steps(folder, {5, 6});
  fs::remove(scratch / "checkpoints/step-6/manifest.json");
  test::write_text(scratch / "checkpoints/step-7x/manifest.json", "{}");
  CHECK(folder.steps() == Steps{5});
}

TEST_CASE("the newest whole checkpoint counts, and damaged ones after it are named and removed") {
  const test::ScratchDirectory scratch;
  const CheckpointFolder folder(scratch.path());
  write_steps(folder, {5, 6, 7});
  damage(scratch.path(), 6);
  test::write_text(scratch / "checkpoints/step-7/manifest.json", "");
  std::int64_t step = 0;
  const std::string said = test::stderr_of([&] { step = folder.read_newest()->step; });
  CHECK(step == 5);
  CHECK_THAT(said, Catch::Contains("step 6 is damaged") && Catch::Contains("step-6/state.safetensors") &&
                       Catch::Contains("step 7 is damaged") && Catch::Contains("step-7/manifest.json"));
  CHECK(folder.steps() == Steps{5});
  CHECK_FALSE(fs::exists(scratch / "checkpoints/step-7"));
}

TEST_CASE("where every checkpoint is damaged nothing is removed, and the error says how to begin again") {
  const test::ScratchDirectory scratch;
  const CheckpointFolder folder(scratch.path());
  write_steps(folder, {5, 6});
  damage(scratch.path(), 5);
  damage(scratch.path(), 6);
  CHECK_THROWS_MATCHES(
      folder.read_newest(), Error,
      test::FailsWith(ExitCode::bad_data, "step-6/state.safetensors", "rm -r " + (scratch / "checkpoints").string()));
  CHECK(folder.steps() == Steps{5, 6});
}

TEST_CASE("pruning keeps the newest regular checkpoints") {
  const test::ScratchDirectory scratch;
  const CheckpointFolder folder(scratch.path());
  write_steps(folder, {10, 20, 25, 30, 37});
  folder.prune(3, 10, 37);
  CHECK(folder.steps() == Steps{20, 30, 37});
  write_steps(folder, {40});
  folder.prune(3, 10, 40);
  CHECK(folder.steps() == Steps{20, 30, 40});
  folder.prune(0, 10, 40);
  CHECK(folder.steps().empty());
  CHECK_FALSE(fs::exists(scratch / "checkpoints"));
}

}  // namespace
}  // namespace phatgoose
