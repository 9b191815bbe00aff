// `phatgoose train-task-moe`: copies of layers and a router, on the rows of several tasks.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <catch2/catch.hpp>

#include "phatgoose/jobs/export_job.h"
#include "phatgoose/jobs/task_moe_job.h"
#include "phatgoose/nn/tensor_bridge.h"
#include "phatgoose/store/task_moe_directory.h"
#include "phatgoose/task_moe/layer_copies.h"
#include "phatgoose/task_moe/table_routes.h"
#include "support/fails_with.h"
#include "support/mixture_files.h"
#include "support/workshop.h"

namespace phatgoose {
namespace {

using test::FailsWith;

/// A workshop with two tasks.
struct MixtureShop : test::Workshop {
  MixtureShop() { test::write_tiny_rows(scratch / "second.jsonl", 8, 40); }

  TrainTaskMoeSettings settings(const std::string& out = "mixture") const {
    TrainTaskMoeSettings settings;
    settings.model = scratch / "base";
    settings.out = scratch / out;
    settings.data.data = {"first=" + (scratch / "rows.jsonl").string(), scratch / "second.jsonl"};
    settings.training.steps = 3;
    settings.training.batch = 6;
    settings.training.warmup_ratio = 0;
    settings.training.lr = 1e-3;
    settings.common.log = "quiet";
    settings.copies = 2;
    settings.vector_size = 8;
    return settings;
  }

  TaskMoeDirectory open(const std::string& out = "mixture") const { return TaskMoeDirectory::open(scratch / out); }

  at::Tensor copied(const std::string& out, std::int64_t copy, const std::string& name) const {
    return to_tensor(open(out).of_copy(copy, name), at::kCPU, at::kFloat);
  }
};

TrainingOutcome train(const TrainTaskMoeSettings& settings) { return train_task_moe(settings, at::kCPU); }

constexpr const char* kValue = "encoder.block.0.layer.0.SelfAttention.v.weight";

/// The loss of rows of task `task` on a base with a mixture of these routes; null: on the base as it is.
double loss_of(const fs::path& base, const TaskMoeDirectory* mixture, const at::Tensor& routes, std::int64_t task) {
  const at::NoGradGuard no_grad;
  T5Model model = T5Model::load(base, at::kCPU, at::kFloat);
  if (mixture != nullptr) {
    LayerCopies::load(*mixture, model.config(), at::kCPU, at::kFloat)
        .put_on(model, std::make_shared<TableRoutes>(routes, at::kCPU));
  }
  std::vector<Example> examples = test::tiny_examples(5);
  for (Example& example : examples) example.task = task;
  return SequenceLoss(model).sum(examples, std::vector<std::int64_t>{0, 1, 2, 3, 4}).item<double>();
}

at::Tensor stored_routes(const TaskMoeDirectory& mixture) {
  const TaskMoeManifest& manifest = mixture.manifest();
  return at::tensor(mixture.routes())
      .view({manifest.route_rows(), manifest.shape.layer_count(), manifest.shape.copies});
}

}  // namespace

TEST_CASE("every router trains, and leaves a mixture that fits the base") {
  const MixtureShop shop;
  const std::string router = GENERATE("linear", "linear-per-layer", "lstm", "transformer", "average", "random-per-task",
                                      "random-per-instance");
  CAPTURE(router);
  TrainTaskMoeSettings settings = shop.settings();
  settings.router = router;
  const bool learned = is_learned(*task_router_named(router));
  if (!learned) settings.vector_size.reset();
  CHECK(train(settings) == TrainingOutcome::finished);
  const TaskMoeDirectory mixture = shop.open();
  CHECK(mixture.manifest().tasks == std::vector<std::string>{"first", "second"});
  CHECK(mixture.manifest().shape.layers.size() == 4);
  CHECK(mixture.manifest().routes_to_one() == learned);
  mixture.check_base(test::tiny_config(), base_fingerprint(settings.model));
  CHECK_FALSE(shop.copied("mixture", 0, kValue).equal(shop.copied("mixture", 1, kValue)));
  const std::string metrics = shop.bytes("mixture/metrics.jsonl");
  CHECK(train(settings) == TrainingOutcome::finished);  // has nothing to do
  CHECK(shop.bytes("mixture/metrics.jsonl") == metrics);
}

TEST_CASE("passes do not change a step, noise of every kind included") {
  const MixtureShop shop;
  const std::string router = GENERATE("transformer", "random-per-instance");
  const std::string selection = GENERATE("softmax", "gumbel", "gumbel-st");
  if (router != "transformer" && selection != "softmax") return;
  CAPTURE(router, selection);
  TrainTaskMoeSettings settings = shop.settings("whole");
  settings.router = router;
  if (router == "transformer") {
    settings.selection = selection;
  } else {
    settings.vector_size.reset();
  }
  settings.dropout = 0.1;
  train(settings);
  settings.out = shop.scratch / "cut";
  settings.training.pass_tokens = 20;
  train(settings);
  const auto losses = [&](const std::string& out) {
    return test::metrics_with("loss", shop.bytes((out + "/metrics.jsonl").c_str()));
  };
  const std::vector<Json> whole = losses("whole"), cut = losses("cut");
  REQUIRE(whole.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(cut[i].at("loss").get<double>() == Approx(whole[i].at("loss").get<double>()).epsilon(1e-4));
    CHECK(cut[i].at("gradient_norm").get<double>() == Approx(whole[i].at("gradient_norm").get<double>()).epsilon(1e-3));
  }
}

TEST_CASE("the loss is the sum over target tokens with smoothed labels") {
  const MixtureShop shop;
  TrainTaskMoeSettings settings = shop.settings();
  settings.copies = 1;
  settings.vector_size.reset();
  settings.dropout = 0;
  settings.training.steps = 1;
  settings.training.batch = 28;  // all rows
  train(settings);
  const T5Model base = T5Model::load(settings.model, at::kCPU, at::kFloat);
  std::vector<Example> rows = test::tiny_examples(20);
  for (const Example& row : test::tiny_examples(8, 40)) rows.push_back(row);
  std::vector<std::int64_t> places;
  for (std::int64_t i = 0; i < 28; ++i) places.push_back(i);
  const double expected = SequenceLoss(base, {.smoothing = 0.1, .mean = false}).sum(rows, places).item<double>();
  const Json line = test::metrics_with("loss", shop.bytes("mixture/metrics.jsonl")).front();
  CHECK(line.at("loss").get<double>() == Approx(expected).epsilon(1e-5));
  CHECK(expected > 28 * 2);  // a sum, not a mean
}

TEST_CASE("copies, router and vectors have learning rates of their own") {
  const MixtureShop shop;
  TrainTaskMoeSettings settings = shop.settings();
  settings.training.steps = 1;
  settings.training.schedule = "constant";
  settings.training.weight_decay = 0;
  settings.router_lr = 0;
  settings.vector_lr = 0;
  settings.selection = "softmax";
  settings.init_noise = 1e-3;
  train(settings);
  settings.out = shop.scratch / "moved";
  settings.router_lr = 1e-2;
  settings.vector_lr = 1e-1;
  train(settings);
  const auto furthest = [](const TensorView& x, const TensorView& y) {
    return (to_tensor(x, at::kCPU, at::kFloat) - to_tensor(y, at::kCPU, at::kFloat)).abs().max().item<double>();
  };
  const TaskMoeDirectory still = shop.open(), moved = shop.open("moved");
  // The first update of AdamW is lr * sign(gradient).
  CHECK(furthest(still.of_router("output.weight"), moved.of_router("output.weight")) == Approx(1e-2).epsilon(0.01));
  CHECK(furthest(still.vectors(), moved.vectors()) == Approx(1e-1).epsilon(0.01));
  CHECK((shop.copied("moved", 0, kValue) - shop.copied("mixture", 0, kValue)).abs().max().item<double>() < 2.1e-3);
}

TEST_CASE("layers that are not mixed have no copies") {
  const MixtureShop shop;
  TrainTaskMoeSettings settings = shop.settings();
  settings.layers = {"decoder.block.1", "encoder"};
  train(settings);
  CHECK(shop.open().manifest().shape.layers ==
        std::vector<std::string>{"encoder.block.0", "encoder.block.1", "decoder.block.1"});
  settings.layers = {"encoder.block.2"};
  settings.out = shop.scratch / "other";
  CHECK_THROWS_MATCHES(train(settings), Error,
                       FailsWith(ExitCode::usage, "--mixed-layers", "encoder.block.2", "did you mean encoder.block."));
  CHECK_FALSE(fs::exists(settings.out));
}

TEST_CASE("a second stage keeps router and vectors, and begins with the base again") {
  const MixtureShop shop;
  train(shop.settings("first"));
  TrainTaskMoeSettings settings = shop.settings("second");
  settings.copies.reset();
  settings.vector_size.reset();
  settings.route_from = shop.scratch / "first";
  settings.training.lr = 1e-12;
  train(settings);
  const TaskMoeDirectory first = shop.open("first"), second = shop.open("second");
  CHECK(second.manifest().shape == first.manifest().shape);
  CHECK(second.manifest().selection == RouteSelection::softmax);
  CHECK(second.manifest().temperature == Approx(300).epsilon(1e-3));
  for (const RouterTensor& tensor : router_tensors(first.manifest().shape)) {
    CHECK(std::ranges::equal(second.of_router(tensor.name).bytes, first.of_router(tensor.name).bytes));
  }
  CHECK(std::ranges::equal(second.vectors().bytes, first.vectors().bytes));
  const T5Model base = T5Model::load(settings.model, at::kCPU, at::kFloat);
  for (const auto& [name, tensor] : base.named_parameters()) {
    if (name == kValue) CHECK((shop.copied("second", 1, kValue) - tensor).abs().max().item<double>() < 1e-6);
  }
  const at::Tensor routes = stored_routes(second);
  CHECK((routes - 0.5).abs().max().item<double>() < 0.01);  // hot: nearly average routing

  settings.out = shop.scratch / "third";
  settings.layers = {"encoder"};
  CHECK_THROWS_MATCHES(train(settings), Error,
                       FailsWith(ExitCode::usage, "--mixed-layers", "the layers of --route-from"));
  settings.layers = {};
  settings.copies = 3;
  CHECK_THROWS_MATCHES(train(settings), Error, FailsWith(ExitCode::usage, "--copies", "a router of 2 copies"));
  settings.copies = 2;
  settings.data.data.push_back("third=" + (shop.scratch / "valid.jsonl").string());
  CHECK_THROWS_MATCHES(train(settings), Error, FailsWith(ExitCode::bad_data, "no route for the task \"third\""));
}

TEST_CASE("given task vectors stay as they are unless they have a learning rate") {
  const MixtureShop shop;
  const std::vector<float> values = {1, 0, 2, -1, 0.5, 0.25, 3, -2};
  test::write_vectors(shop.scratch / "vectors", {"second", "first"}, values, base_fingerprint(shop.scratch / "base"));
  TrainTaskMoeSettings settings = shop.settings();
  settings.vector_size.reset();
  settings.vectors = shop.scratch / "vectors";
  train(settings);
  const at::Tensor kept = to_tensor(shop.open().vectors(), at::kCPU, at::kFloat);
  CHECK(kept.equal(at::tensor({0.5F, 0.25F, 3.F, -2.F, 1.F, 0.F, 2.F, -1.F}).view({2, 4})));
  CHECK(shop.open().manifest().vector_method == kTextVectors);
  CHECK(shop.open().manifest().vector_settings.at("max_input") == 128);
  settings.vector_lr = 0.1;
  settings.out = shop.scratch / "moved";
  train(settings);
  CHECK_FALSE(to_tensor(shop.open("moved").vectors(), at::kCPU, at::kFloat).equal(kept));

  settings.out = shop.scratch / "other";
  test::write_vectors(shop.scratch / "one", {"first"}, values, base_fingerprint(shop.scratch / "base"));
  settings.vectors = shop.scratch / "one";
  CHECK_THROWS_MATCHES(train(settings), Error, FailsWith(ExitCode::bad_data, "no vector for the task \"second\""));
  test::write_vectors(shop.scratch / "odd", {"first", "second"}, {1, 2, 3, 4, 5, 6},
                      base_fingerprint(shop.scratch / "base"));
  settings.vectors = shop.scratch / "odd";
  settings.router = "transformer";
  CHECK_THROWS_MATCHES(train(settings), Error, FailsWith(ExitCode::bad_data, "size 3", "a multiple of 4"));
}

TEST_CASE("options that the router has no use for are refused") {
  const MixtureShop shop;
  const auto refused = [&](const std::string& option, const auto& set) {
    TrainTaskMoeSettings settings = shop.settings("refused");
    settings.vector_size.reset();
    set(settings);
    CHECK_THROWS_MATCHES(train(settings), Error, FailsWith(ExitCode::usage, "--" + option));
    CHECK_FALSE(fs::exists(settings.out));
  };
  refused("selection", [](auto& s) { s.router = "average", s.selection = "softmax"; });
  refused("vector-size", [](auto& s) { s.router = "random-per-task", s.vector_size = 4; });
  refused("temperature", [](auto& s) { s.router = "average", s.temperature = 2; });
  refused("router", [](auto& s) { s.copies = 1, s.router = "lstm"; });
  refused("router-lr", [](auto& s) { s.copies = 1, s.router_lr = 1e-3; });
  refused("router", [](auto& s) { s.route_from = "first", s.router = "lstm"; });
  refused("vectors", [](auto& s) { s.route_from = "first", s.vectors = "v"; });
  refused("vector-size", [](auto& s) { s.vectors = "v", s.vector_size = 4; });
  refused("lr", [](auto& s) { s.training.lr = 0; });
  refused("dtype", [](auto& s) { s.common.dtype = "bf16"; });
  refused("copies", [](auto& s) { s.copies = 5000; });
  refused("name", [](auto& s) { s.name = "a/b"; });
}

TEST_CASE("copies that do not fit into memory are refused before training") {
  const TaskMoeShape shape{.layers = mixed_layers({}, test::tiny_config()), .copies = 3, .router = {}, .dimension = 8};
  const T5Model model = test::tiny_model();
  std::int64_t numbers = 0;
  for (const auto& [name, tensor] : model.named_parameters()) {
    const bool in_layer = name.find(".block.") != std::string::npos && !name.ends_with("bias.weight");
    if (in_layer) numbers += tensor.numel();
  }
  CHECK(copied_parameters(shape, test::tiny_config()) == 3 * numbers);
  CHECK(training_memory(shape, test::tiny_config(), false) == 3 * numbers * 16);
  CHECK(training_memory(shape, test::tiny_config(), true) == 3 * numbers * 20);
  CHECK_NOTHROW(check_memory(shape, 1000, 1000));
  CHECK_THROWS_MATCHES(check_memory(shape, std::int64_t{3} << 30, std::int64_t{2} << 30), Error,
                       FailsWith(ExitCode::cannot_finish, "3 copies of 4 layers", "3.0 GiB", "2.0 GiB", "--copies"));
}

TEST_CASE("a task's part of a mixture is a plain model: the mixture itself where the route is one-hot") {
  const MixtureShop shop;
  TrainTaskMoeSettings settings = shop.settings();
  settings.training.lr = 0.01;
  settings.training.steps = 4;
  train(settings);
  const TaskMoeDirectory mixture = shop.open();
  const at::Tensor one_hot = one_hot_routes(stored_routes(mixture));
  for (std::int64_t task = 0; task < 2; ++task) {
    ExportSettings exported;
    exported.model = settings.model;
    exported.task_moe = settings.out;
    exported.task = mixture.manifest().tasks[static_cast<std::size_t>(task)];
    exported.out = shop.scratch / ("model-" + *exported.task);
    export_model(exported);
    const double mixed = loss_of(settings.model, &mixture, one_hot, task);
    CHECK(loss_of(exported.out, nullptr, {}, task) == Approx(mixed).epsilon(1e-6));
    CHECK(mixed != Approx(loss_of(settings.model, nullptr, {}, task)).epsilon(1e-4));
    export_model(exported);  // has nothing to do
  }
}

TEST_CASE("a route that mixes copies is exported only by a rule") {
  const MixtureShop shop;
  TrainTaskMoeSettings settings = shop.settings();
  settings.selection = "softmax";
  train(settings);
  ExportSettings exported;
  exported.model = settings.model;
  exported.task_moe = settings.out;
  exported.task = "second";
  exported.out = shop.scratch / "model";
  CHECK_THROWS_MATCHES(export_model(exported), Error,
                       FailsWith(ExitCode::usage, "--task-moe", "mixes the copies of 4 layers", "--route argmax"));
  exported.route = "softmax";
  export_model(exported);
  const at::Tensor route = stored_routes(shop.open())[1][0];  // of the first layer
  const at::Tensor expected =
      shop.copied("mixture", 0, kValue) * route[0] + shop.copied("mixture", 1, kValue) * route[1];
  const T5Model model = T5Model::load(exported.out, at::kCPU, at::kFloat);
  for (const auto& [name, tensor] : model.named_parameters()) {
    if (name == kValue) CHECK((tensor - expected).abs().max().item<double>() < 1e-6);
  }
  const auto refused = [&](const char* option, const auto& set) {
    ExportSettings other = exported;
    other.out = shop.scratch / "other";
    set(other);
    CHECK_THROWS_MATCHES(export_model(other), Error, FailsWith(ExitCode::usage, option));
    CHECK_FALSE(fs::exists(other.out));
  };
  refused("--task: missing", [](auto& s) { s.task.reset(); });
  refused("did you mean second?", [](auto& s) { s.task = "secnd"; });
  refused("--task-moe", [](auto& s) { s.experts = {"expert"}; });
  refused("--task: no --task-moe", [](auto& s) { s.task_moe.reset(), s.experts = {"e"}; });
}

}  // namespace phatgoose
