// Directories of task vectors: what is written is read back, and what does not fit is refused.
#include "phatgoose/store/task_vectors_directory.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "phatgoose/store/manifest.h"
#include "phatgoose/store/safetensors.h"
#include "support/expect_error.h"
#include "support/scratch_directory.h"

namespace phatgoose {
namespace {

TaskVectors fisher_vectors() {
  return {.tasks = {"zoo", "station"},
          .method = kFisherVectors,
          .dimension = 3,
          .values = {1, 2, 3, -4, 5, 0.5},
          .fingerprint = "0123456789abcdef",
          .recipe = {.base = {{512, "fp32"}}, .fisher = {{256, 8, 3}}}};
}

const TaskVectorReduction kReduction = {.mean = {1, 2}, .components = {1, 0, 0, 1, 0.5, 0.5}};

/// Writes the vectors, changes the manifest, and reads them.
template <typename Change>
void read_changed(Change change) {
  const test::ScratchDirectory scratch;
  write_task_vectors(scratch.path(), fisher_vectors(), kReduction, "t5", Json::object());
  Json manifest = Json::parse(test::read_text(scratch / "manifest.json"));
  change(manifest);
  test::write_text(scratch / "manifest.json", manifest.dump());
  read_task_vectors(scratch.path());
}

template <typename Change>
void expect_refused(Change change, const std::vector<std::string>& words) {
  test::expect_bad_data([&] { read_changed(change); }, words);
}

/// Replaces a file of tensors, and what the manifest says of it.
void replace_tensors(const fs::path& directory, const std::string& name, std::vector<NamedTensor> tensors) {
  write_safetensors(directory / name, std::move(tensors));
  Json manifest = Json::parse(test::read_text(directory / "manifest.json"));
  manifest["files"][name]["size"] = fs::file_size(directory / name);
  test::write_text(directory / "manifest.json", manifest.dump());
}

}  // namespace

TEST_CASE("task vectors are read as they were written") {
  const test::ScratchDirectory scratch;
  const TaskVectors vectors = fisher_vectors();
  write_task_vectors(scratch.path(), vectors, kReduction, "t5", {{"rows", {{"zoo", 4}, {"station", 9}}}});
  const TaskVectors read = read_task_vectors(scratch.path());
  CHECK(read.tasks == vectors.tasks);
  CHECK(read.method == vectors.method);
  CHECK(read.dimension == 3);
  CHECK(read.values == vectors.values);
  CHECK(read.fingerprint == vectors.fingerprint);
  REQUIRE(read.recipe.base);
  CHECK(read.recipe.base->max_input == 512);
  CHECK(read.recipe.base->dtype == "fp32");
  CHECK_FALSE(read.recipe.encoder);
  REQUIRE(read.recipe.fisher);
  CHECK(read.recipe.fisher->max_target == 256);
  CHECK(read.recipe.fisher->adapter_size == 8);
  CHECK(read.recipe.fisher->adapter_seed == 3);
  const TaskVectorReduction reduction = read_task_vector_reduction(scratch.path(), 3);
  CHECK(reduction.mean == kReduction.mean);
  CHECK(reduction.components == kReduction.components);
  const Json manifest = Json::parse(test::read_text(scratch / "manifest.json"));
  CHECK(manifest["base"]["path"] == "t5");
  CHECK(manifest["rows"]["station"] == 9);
}

TEST_CASE("text vectors say their sentence encoder, and have no reduction") {
  const test::ScratchDirectory scratch;
  TaskVectors vectors = fisher_vectors();
  vectors.method = kTextVectors;
  vectors.recipe = {.encoder = {{"mini", "fedcba9876543210"}}};
  write_task_vectors(scratch.path(), vectors, std::nullopt, "t5", Json::object());
  const TaskVectors read = read_task_vectors(scratch.path());
  REQUIRE(read.recipe.encoder);
  CHECK(read.recipe.encoder->name == "mini");
  CHECK(read.recipe.encoder->fingerprint == "fedcba9876543210");
  CHECK_FALSE(read.recipe.base);
  test::expect_bad_data([&] { read_task_vector_reduction(scratch.path(), 3); }, {"reduction.safetensors"});
}

TEST_CASE("damaged directories of task vectors are refused") {
  const test::ScratchDirectory empty;
  test::expect_bad_data([&] { read_task_vectors(empty.path()); }, {"no manifest.json", "task-vectors"});
  expect_refused([](Json& json) { json["kind"] = "expert"; }, {"a directory of kind expert", "task-vectors"});
  expect_refused([](Json& json) { json["method"] = "magic"; }, {"method \"magic\"", "text or fisher"});
  expect_refused([](Json& json) { json["tasks"] = {"zoo", "zoo"}; }, {"a second task named \"zoo\""});
  expect_refused([](Json& json) { json["tasks"] = {"zoo", ""}; }, {"a task without a name"});
  expect_refused([](Json& json) { json["tasks"] = Json::array(); }, {"no tasks"});
  expect_refused([](Json& json) { json["tasks"] = {"zoo"}; }, {"vectors", "[2, 3]", "[1, 3]"});
  expect_refused([](Json& json) { json["dimension"] = 4; }, {"vectors", "[2, 3]", "[2, 4]"});
  expect_refused([](Json& json) { json["base"].erase("fingerprint"); }, {"manifest.json: base", "fingerprint"});
  expect_refused([](Json& json) { json["settings"].erase("adapter_size"); }, {"settings", "adapter_size"});
  expect_refused([](Json& json) { json["settings"]["dtype"] = "fp16"; }, {"dtype \"fp16\"", "fp32 or bf16"});
}

TEST_CASE("tensors that are no task vectors are refused") {
  const test::ScratchDirectory scratch;
  write_task_vectors(scratch.path(), fisher_vectors(), kReduction, "t5", Json::object());
  const std::vector<float> values = {1, NAN, 3, 4, 5, 6};
  const std::vector<double> wide(6);
  replace_tensors(scratch.path(), "vectors.safetensors", {named_tensor("vectors", DType::f32, {2, 3}, values.data())});
  test::expect_bad_data([&] { read_task_vectors(scratch.path()); }, {"vectors", "NaN or infinite"});
  replace_tensors(scratch.path(), "vectors.safetensors", {named_tensor("vectors", DType::f64, {2, 3}, wide.data())});
  test::expect_bad_data([&] { read_task_vectors(scratch.path()); }, {"vectors", "F64", "F32"});
  replace_tensors(scratch.path(), "vectors.safetensors",
                  {named_tensor("vectors", DType::f32, {2, 3}, values.data()),
                   named_tensor("more", DType::f32, {6}, values.data())});
  test::expect_bad_data([&] { read_task_vectors(scratch.path()); }, {"vectors.safetensors", "2 tensors"});
  test::expect_bad_data([&] { read_task_vector_reduction(scratch.path(), 4); }, {"components", "[3, 2]", "[4, 2]"});
}

}  // namespace phatgoose
