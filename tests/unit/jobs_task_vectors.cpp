// `phatgoose task-vectors`: vectors against their definitions, new tasks, and runs that are stopped.
#include "phatgoose/jobs/task_vectors_job.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <catch2/catch.hpp>

#include "phatgoose/base/signals.h"
#include "phatgoose/report/inspection.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/safetensors.h"
#include "phatgoose/train/fisher_information.h"
#include "support/fails_with.h"
#include "support/workshop.h"

namespace phatgoose {
namespace {

/// A base and the rows of three tasks; those of the first lie in two files.
struct VectorShop {
  test::ScratchDirectory scratch;

  VectorShop() {
    test::tiny_model().save(scratch / "base", at::kFloat);
    test::write_tiny_rows(scratch / "one.jsonl", 5);
    test::write_tiny_rows(scratch / "more.jsonl", 4, 5);
    test::write_tiny_rows(scratch / "two.jsonl", 6, 20);
    test::write_tiny_rows(scratch / "three.jsonl", 7, 40);
  }

  TaskVectorsSettings settings(const std::string& method, const std::string& out) const {
    TaskVectorsSettings settings;
    settings.model = scratch / "base";
    settings.method = method;
    settings.out = scratch / out;
    settings.data = {"one=" + file("one"), file("two"), file("three"), "one=" + file("more")};
    settings.pass_tokens = 40;
    settings.common.dtype = "fp32";
    settings.common.log = "quiet";
    if (method == kFisherVectors) settings.adapter_size = 2;
    return settings;
  }

  /// For a task of the third one's rows.
  TaskVectorsSettings like(const std::string& made, const std::string& out) const {
    TaskVectorsSettings like = settings(kTextVectors, out);
    like.method = {};
    like.like = scratch / made;
    like.data = {"new=" + file("three")};
    return like;
  }

  std::string file(const std::string& name) const { return scratch / (name + ".jsonl"); }
  std::string bytes(const std::string& name) const { return test::read_text(scratch / name); }
};

void make(const TaskVectorsSettings& settings) { make_task_vectors(settings, at::kCPU); }

std::vector<float> vector_of(const TaskVectors& vectors, std::int64_t task) {
  const auto begin = vectors.values.begin() + task * vectors.dimension;
  return {begin, begin + vectors.dimension};
}

}  // namespace

TEST_CASE("a text vector is the mean of the inputs' mean states") {
  const VectorShop shop;
  make(shop.settings(kTextVectors, "text"));
  const TaskVectors found = read_task_vectors(shop.scratch / "text");
  CHECK(found.tasks == std::vector<std::string>{"one", "two", "three"});
  CHECK(found.method == kTextVectors);
  REQUIRE(found.dimension == 32);
  CHECK(found.fingerprint == base_fingerprint(shop.scratch / "base"));
  const at::NoGradGuard no_grad;
  const T5Model model = test::tiny_model();
  const auto expect = [&](std::int64_t task, const std::vector<Example>& examples) {
    std::vector<double> sum(32);
    for (const Example& example : examples) {
      const at::Tensor states = model.encode_states(pack_ids(std::span(&example.input, 1), at::kCPU));  // [S, D]
      for (std::int64_t d = 0; d < 32; ++d) {
        double of_row = 0;
        for (std::int64_t t = 1; t + 1 < states.size(0); ++t) of_row += states[t][d].item<double>();
        sum[static_cast<std::size_t>(d)] += of_row / static_cast<double>(states.size(0) - 2);
      }
    }
    for (std::size_t d = 0; d < 32; ++d) {
      CHECK(vector_of(found, task)[d] == Approx(sum[d] / static_cast<double>(examples.size())).margin(1e-5));
    }
  };
  expect(0, test::tiny_examples(9));
  expect(1, test::tiny_examples(6, 20));
  expect(2, test::tiny_examples(7, 40));
  const Json manifest = Json::parse(shop.bytes("text/manifest.json"));
  CHECK(manifest["rows"] == Json{{"one", 9}, {"two", 6}, {"three", 7}});
  CHECK_FALSE(fs::exists(shop.scratch / "text/partial"));
  CHECK_FALSE(fs::exists(shop.scratch / "text/reduction.safetensors"));
}

TEST_CASE("a Fisher vector is what the reduction makes of the task's Fisher information") {
  const VectorShop shop;
  TaskVectorsSettings settings = shop.settings(kFisherVectors, "fisher");
  settings.common.seed = 4;
  make(settings);
  const TaskVectors found = read_task_vectors(shop.scratch / "fisher");
  REQUIRE(found.dimension == 2);
  const TaskVectorReduction reduction = read_task_vector_reduction(shop.scratch / "fisher", 2);
  T5Model model = test::tiny_model();
  FisherInformation information(model, 2, 4);
  std::vector<at::Tensor> squares;
  for (const auto& examples : {test::tiny_examples(9), test::tiny_examples(6, 20), test::tiny_examples(7, 40)}) {
    squares.push_back(information.mean_squares(examples, 4096));
  }
  const at::Tensor all = at::stack(squares);  // [3, n]
  const at::Tensor mean = at::tensor(reduction.mean, at::kDouble),
                   components = at::tensor(reduction.components, at::kDouble).view({2, -1});
  CHECK((mean - all.mean(0)).abs().max().item<double>() <= 1e-5 * all.max().item<double>());
  for (std::int64_t task = 0; task < 3; ++task) {
    const at::Tensor vector = at::tensor(vector_of(found, task), at::kDouble);  // [2]
    // Three tasks differ in two dimensions: nothing is lost.
    const at::Tensor back = mean + at::matmul(vector, components);
    CHECK((back - all[task]).abs().max().item<double>() <= 1e-4 * all.max().item<double>());
    CHECK((vector - at::mv(components, all[task] - mean)).norm().item<double>() <= 1e-4 * vector.norm().item<double>());
  }
}

TEST_CASE("a new task with the rows of an old one gets the old one's vector, to the bit") {
  const VectorShop shop;
  const std::string method = GENERATE("text", "fisher");
  make(shop.settings(method, "made"));
  TaskVectorsSettings settings = shop.like("made", "new");
  settings.common.seed = 77;  // draws rows only, and all are taken
  make(settings);
  const TaskVectors made = read_task_vectors(shop.scratch / "made"), found = read_task_vectors(shop.scratch / "new");
  CHECK(found.tasks == std::vector<std::string>{"new"});
  CHECK(found.method == method);
  CHECK(vector_of(found, 0) == vector_of(made, 2));
  if (method != kFisherVectors) return;
  CHECK(found.recipe.fisher->adapter_seed == 0);
  CHECK(shop.bytes("new/reduction.safetensors") == shop.bytes("made/reduction.safetensors"));
  TaskVectorsSettings again = shop.like("new", "newer");  // a new task's directory will do as well
  make(again);
  CHECK(shop.bytes("newer/vectors.safetensors") == shop.bytes("new/vectors.safetensors"));
}

TEST_CASE("rows are drawn with the seed") {
  const VectorShop shop;
  TaskVectorsSettings settings = shop.settings(kTextVectors, "few");
  settings.examples = 3;
  make(settings);
  settings.out = shop.scratch / "same";
  make(settings);
  settings.out = shop.scratch / "other";
  settings.common.seed = 1;
  make(settings);
  CHECK(Json::parse(shop.bytes("few/manifest.json"))["rows"] == Json{{"one", 3}, {"two", 3}, {"three", 3}});
  CHECK(shop.bytes("few/vectors.safetensors") == shop.bytes("same/vectors.safetensors"));
  CHECK(shop.bytes("few/vectors.safetensors") != shop.bytes("other/vectors.safetensors"));
}

TEST_CASE("vectors that were stopped go on where they were, and a finished directory is left alone") {
  const VectorShop shop;
  TaskVectorsSettings settings = shop.settings(kFisherVectors, "stopped");
  request_stop();
  CHECK_THROWS_MATCHES(make(settings), Error,
                       test::FailsWith(ExitCode::stopped, "0 of 3 tasks are kept", "run the same command again"));
  clear_stop_request();
  CHECK_FALSE(fs::exists(shop.scratch / "stopped/manifest.json"));
  TaskVectorsSettings others = settings;
  others.adapter_size = 3;
  CHECK_THROWS_MATCHES(make(others), Error, test::FailsWith(ExitCode::usage, "--adapter-size", "began"));
  // As a run leaves it that is stopped in its second task; by these numbers it is seen that they are taken.
  const std::vector<double> first(static_cast<std::size_t>(32), 0.25);
  settings = shop.settings(kTextVectors, "text");
  request_stop();
  CHECK_THROWS_AS(make(settings), Error);
  clear_stop_request();
  write_safetensors(shop.scratch / "text/partial/1.safetensors",
                    {named_tensor("vector", DType::f64, {32}, first.data())});
  make(settings);
  const TaskVectors found = read_task_vectors(settings.out);
  CHECK(vector_of(found, 0) == std::vector<float>(32, 0.25F));
  CHECK(vector_of(found, 1) != std::vector<float>(32, 0.25F));

  const auto written = fs::last_write_time(shop.scratch / "text/vectors.safetensors");
  make(settings);
  CHECK(fs::last_write_time(shop.scratch / "text/vectors.safetensors") == written);
  CHECK_FALSE(fs::exists(shop.scratch / "text/partial"));
}

TEST_CASE("what is stopped and goes on has the bytes of what was not") {
  const VectorShop shop;
  TaskVectorsSettings settings = shop.settings(kFisherVectors, "whole");
  make(settings);
  settings.out = shop.scratch / "stopped";
  request_stop();
  CHECK_THROWS_AS(make(settings), Error);
  clear_stop_request();
  make(settings);
  for (const char* file : {"vectors.safetensors", "reduction.safetensors", "manifest.json"}) {
    CHECK(shop.bytes(std::string("stopped/") + file) == shop.bytes(std::string("whole/") + file));
  }
}

TEST_CASE("inspect shows how alike the vectors are") {
  const VectorShop shop;
  make(shop.settings(kTextVectors, "text"));
  const Json found = inspect_directory(shop.scratch / "text", true);
  CHECK(found["kind"] == "task-vectors");
  CHECK(found["method"] == "text");
  CHECK(found["dimension"] == 32);
  CHECK(found["settings"] == Json{{"max_input", 512}, {"dtype", "fp32"}});
  REQUIRE(found["task_similarity"].size() == 3);
  CHECK(found["task_similarity"][1][1] == 1.0);
  CHECK_THAT(inspection_text(found), Catch::Contains("three"));
}

TEST_CASE("tasks that cannot be told apart have no Fisher vectors") {
  const VectorShop shop;
  TaskVectorsSettings settings = shop.settings(kFisherVectors, "alike");
  fs::copy(shop.file("two"), shop.file("copy"));
  settings.data = {"two=" + shop.file("two"), "copy=" + shop.file("copy")};
  CHECK_THROWS_MATCHES(make(settings), Error, test::FailsWith(ExitCode::bad_data, "Fisher information is the same"));
  settings.out = shop.scratch / "three";
  settings.data.push_back("three=" + shop.file("three"));
  make(settings);
  CHECK(read_task_vectors(settings.out).dimension == 1);
}

}  // namespace phatgoose
