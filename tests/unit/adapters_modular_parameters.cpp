// Modular multi-task adapters on a model: every row gets the LoRA of its task, whatever the pass and the step.
#include "phatgoose/adapters/modular_parameters.h"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include "phatgoose/adapters/lora_function.h"
#include "phatgoose/train/sequence_loss.h"
#include "support/golden.h"
#include "support/scratch_directory.h"
#include "support/tiny_t5.h"
#include "support/tiny_training.h"

namespace phatgoose {
namespace {

constexpr ModularShape kPolyOfTwo{.method = ModularMethod::poly, .rank = 2, .skills = 2, .splits = 1, .order = 1};

/// Nothing of it is zero.
ModularParameters random_parameters_of(const ModularShape& shape, std::int64_t tasks = 3) {
  ModularParameters parameters =
      ModularParameters::initial(linear_groups(test::tiny_config()), shape, tasks, ModularInit::paper, 5, at::kCPU);
  at::manual_seed(3);
  for (const auto& group : parameters.groups()) {
    if (!has_leaves(shape.method)) group->b.normal_(0, 0.3);
    if (group->logits.defined()) group->logits.normal_(0, 2);
  }
  return parameters;
}

/// Rows of three tasks.
std::vector<Example> rows_of_tasks(std::int64_t count) {
  std::vector<Example> rows = test::tiny_examples(count);
  for (std::int64_t i = 0; i < count; ++i) rows[i].task = (i * 2 + i / 3) % 3;
  return rows;
}

std::vector<std::int64_t> all_places(std::span<const Example> rows) {
  std::vector<std::int64_t> places;
  for (std::int64_t i = 0; i < std::ssize(rows); ++i) places.push_back(i);
  return places;
}

double loss_of(const T5Model& model, std::span<const Example> rows) {
  const at::NoGradGuard no_grad;
  return SequenceLoss(model).sum(rows, all_places(rows)).item<double>();
}

/// Attaches the LoRA of one task as it would be exported.
double loss_with_lora(T5Model& model, const std::vector<LinearLora>& loras, std::span<const Example> rows) {
  std::size_t next = 0;
  for (LinearGroup* group : model.groups()) {
    const std::size_t members = group->spec().linears.size();
    std::vector<LoraShape> shapes;
    for (std::size_t m = 0; m < members; ++m) shapes.push_back({loras[next + m].a.size(0), loras[next + m].scale});
    const auto parameters = std::make_shared<LoraParameters>(zero_lora(group->spec(), shapes, at::kCPU));
    for (std::size_t m = 0; m < members; ++m, ++next) {
      parameters->a_of(parameters->members[m]).copy_(loras[next].a);
      parameters->b_of(parameters->members[m]).copy_(loras[next].b);
    }
    group->set_adapter(std::make_shared<LoraAdapter>(parameters));
  }
  return loss_of(model, rows);
}

std::int64_t built(T5Model& model) {
  std::int64_t count = 0;
  for (const LinearGroup* group : model.groups()) {
    count += dynamic_cast<const ModularAdapter&>(*group->adapter()).built();
  }
  return count;
}

/// Gradients of the loss of a step that is cut into passes of so many rows, one after the other in one list.
at::Tensor step_gradients(const T5Model& model, const ModularParameters& parameters, const std::vector<Example>& rows,
                          std::int64_t rows_of_pass, bool noise = false) {
  for (const NamedParameter& parameter : parameters.trainable())
    at::Tensor(parameter.tensor).mutable_grad() = at::Tensor();
  const SequenceLoss loss(model);
  parameters.begin_step(1, 4, noise);
  const std::vector<std::int64_t> places = all_places(rows);
  for (std::int64_t begin = 0; begin < std::ssize(rows); begin += rows_of_pass) {
    const auto count = std::min<std::int64_t>(rows_of_pass, std::ssize(rows) - begin);
    loss.sum(rows, std::span(places).subspan(begin, count)).backward();
  }
  parameters.end_step();
  std::vector<at::Tensor> gradients;
  for (const NamedParameter& parameter : parameters.trainable()) {
    gradients.push_back(parameter.tensor.grad().narrow(0, parameter.first_row, parameter.rows).flatten());
  }
  return at::cat(gradients);
}

void check_near(const at::Tensor& found, const at::Tensor& expected, double tolerance) {
  CHECK((found - expected).abs().max().item<double>() <= tolerance * expected.abs().max().item<double>());
}

}  // namespace

TEST_CASE("rows of several tasks in one pass get what each gets as the LoRA of its task") {
  const auto shape = GENERATE(as<ModularShape>{}, kPolyOfTwo, ModularShape{ModularMethod::mhr, 2, 2, 4, 1},
                              ModularShape{ModularMethod::tensorpoly_1, 2, 3, 1, 2},
                              ModularShape{ModularMethod::tensorpoly_2, 2, 3, 1, 4});
  T5Model model = test::tiny_model();
  const ModularParameters parameters = random_parameters_of(shape);
  parameters.attach(model);
  const std::vector<Example> rows = rows_of_tasks(11);
  const double together = loss_of(model, rows);

  double apart = 0;
  for (std::int64_t task = 0; task < 3; ++task) {
    std::vector<Example> own;
    std::ranges::copy_if(rows, std::back_inserter(own), [&](const Example& row) { return row.task == task; });
    apart += loss_with_lora(model, parameters.lora(task), own);
  }
  CHECK(together == Approx(apart).epsilon(1e-6));
  model.remove_adapters();
  CHECK(std::abs(loss_of(model, rows) - together) > 1e-3);  // so that the tasks' LoRAs do something
}

TEST_CASE("an adapter of some linears is loaded and written with these alone") {
  const ModularDirectory stored = ModularDirectory::open(test::golden_path("modular_mhr") / "adapter");
  const T5Config config = read_t5_config(test::golden_path("t5_v1_1") / "model");
  const test::ScratchDirectory scratch;
  ModularParameters::load(stored, linear_groups(config), at::kCPU).save_adapter(scratch.path(), "base");
  const ModularDirectory written = ModularDirectory::open(scratch.path());
  CHECK_NOTHROW(written.check_base(config, ""));
  REQUIRE(written.entries().size() == stored.entries().size());
  for (const auto& [path, entry] : stored.entries()) {
    CAPTURE(path);
    REQUIRE(written.entries().contains(path));
    const ModularEntry& other = written.entries().at(path);
    CHECK(std::ranges::equal(other.a.bytes, entry.a.bytes));
    CHECK(std::ranges::equal(other.b.bytes, entry.b.bytes));
    CHECK(std::ranges::equal(other.logits.bytes, entry.logits.bytes));
  }
}

TEST_CASE("TLoRA needs no task") {
  T5Model model = test::tiny_model();
  const ModularParameters parameters =
      random_parameters_of({.method = ModularMethod::tlora, .rank = 2, .skills = 2, .splits = 1, .order = 2});
  parameters.attach(model);
  const std::vector<Example> rows = rows_of_tasks(5);
  const double found = loss_of(model, rows);
  CHECK(found == Approx(loss_with_lora(model, parameters.lora(), rows)).epsilon(1e-6));
}

TEST_CASE("training begins with the base, whatever the method") {
  const auto shape =
      GENERATE(as<ModularShape>{}, kPolyOfTwo, ModularShape{ModularMethod::mhr, 2, 2, 2, 1},
               ModularShape{ModularMethod::tlora, 2, 2, 1, 4}, ModularShape{ModularMethod::tensorpoly_1, 2, 2, 1, 2},
               ModularShape{ModularMethod::tensorpoly_2, 2, 2, 1, 4});
  T5Model model = test::tiny_model();
  const std::vector<Example> rows = rows_of_tasks(5);
  const double base = loss_of(model, rows);
  ModularParameters parameters =
      ModularParameters::initial(linear_groups(test::tiny_config()), shape, 3, ModularInit::identity, 5, at::kCPU);
  parameters.attach(model);
  CHECK(loss_of(model, rows) == base);
  parameters.set_trainable(true, true);
  CHECK(step_gradients(model, parameters, rows, 5).abs().max().item<double>() > 0);
}

TEST_CASE("a step's mixtures are built once, and its gradients do not depend on the passes") {
  const auto shape = GENERATE(as<ModularShape>{}, kPolyOfTwo, ModularShape{ModularMethod::tensorpoly_2, 2, 2, 1, 2});
  T5Model model = test::tiny_model();
  ModularParameters parameters = random_parameters_of(shape);
  parameters.set_trainable(true, true);
  parameters.attach(model);
  const std::vector<Example> rows = rows_of_tasks(10);
  const at::Tensor whole = step_gradients(model, parameters, rows, 10);
  const std::int64_t groups = std::ssize(model.groups());
  CHECK(built(model) == 3 * groups);
  check_near(step_gradients(model, parameters, rows, 2), whole, 1e-5);
  CHECK(built(model) == 6 * groups);

  // What autograd makes of the same without a step.
  for (const NamedParameter& parameter : parameters.trainable())
    at::Tensor(parameter.tensor).mutable_grad() = at::Tensor();
  SequenceLoss(model).sum(rows, all_places(rows)).backward();
  std::vector<at::Tensor> gradients;
  for (const NamedParameter& parameter : parameters.trainable()) {
    gradients.push_back(parameter.tensor.grad().narrow(0, parameter.first_row, parameter.rows).flatten());
  }
  check_near(at::cat(gradients), whole, 1e-5);
}

TEST_CASE("a step that was stopped leaves nothing for the next") {
  T5Model model = test::tiny_model();
  ModularParameters parameters = random_parameters_of(kPolyOfTwo);
  parameters.set_trainable(true, true);
  parameters.attach(model);
  const std::vector<Example> rows = rows_of_tasks(6);
  const at::Tensor expected = step_gradients(model, parameters, rows, 6);
  parameters.begin_step(1, 4, false);
  SequenceLoss(model).sum(rows, all_places(rows)).backward();  // and no end_step()
  CHECK(at::equal(step_gradients(model, parameters, rows, 6), expected));
}

TEST_CASE("noise belongs to a row of a step, not to its pass") {
  T5Model model = test::tiny_model();
  ModularParameters parameters = random_parameters_of(kPolyOfTwo);
  parameters.set_trainable(true, true);
  parameters.attach(model);
  const std::vector<Example> rows = rows_of_tasks(8);
  const at::Tensor whole = step_gradients(model, parameters, rows, 8, true);
  check_near(step_gradients(model, parameters, rows, 3, true), whole, 1e-5);
  const at::Tensor without = step_gradients(model, parameters, rows, 8, false);
  CHECK((whole - without).abs().max().item<double>() > 1e-2 * without.abs().max().item<double>());

  // Without training there is none, although the step before had it.
  const double loss = loss_of(model, rows);
  CHECK(loss == loss_of(model, rows));
}

TEST_CASE("without gradients mixtures are kept until a task or the tensors change") {
  T5Model model = test::tiny_model();
  const ModularParameters parameters = random_parameters_of(kPolyOfTwo);
  parameters.attach(model);
  std::vector<Example> rows = rows_of_tasks(6);
  for (Example& row : rows) row.task = 1;
  const std::int64_t groups = std::ssize(model.groups());
  const double loss = loss_of(model, rows);
  CHECK(loss_of(model, rows) == loss);
  CHECK(built(model) == groups);
  for (Example& row : rows) row.task = 2;
  CHECK(loss_of(model, rows) != loss);
  CHECK(built(model) == 2 * groups);
  for (const auto& group : parameters.groups()) group->b.mul_(2);
  CHECK(loss_of(model, rows) != loss);
  CHECK(built(model) == 3 * groups);
}

TEST_CASE("a new task weighs all skills the same, or as the others do on average") {
  ModularParameters parameters = random_parameters_of(kPolyOfTwo, 2);
  const at::Tensor logits = parameters.groups().front()->logits_of(1).clone();  // [2, S]
  CHECK(parameters.add_task(NewTask::uniform) == 2);
  CHECK(parameters.add_task(NewTask::mean) == 3);
  const at::Tensor known = parameters.groups().front()->logits_of(1);
  CHECK(at::equal(known.narrow(0, 0, 2), logits));
  CHECK(at::equal(known[2], at::zeros({2})));
  CHECK(at::allclose(known[3], known.narrow(0, 0, 3).mean(0)));
  parameters.keep_task(3);
  CHECK(parameters.tasks() == 1);
  CHECK(at::equal(parameters.groups().front()->logits_of(1), known.narrow(0, 3, 1)));
}

TEST_CASE("what a linear begins with depends on the seed and its path alone") {
  const std::vector<LinearGroupSpec> groups = linear_groups(test::tiny_config());
  const std::vector<LinearGroupSpec> reversed(groups.rbegin(), groups.rend());
  const auto make = [](const std::vector<LinearGroupSpec>& of, std::uint64_t seed) {
    return ModularParameters::initial(of, kPolyOfTwo, 2, ModularInit::paper, seed, at::kCPU);
  };
  const ModularParameters first = make(groups, 1), second = make(reversed, 1), other = make(groups, 2);
  CHECK(at::equal(first.groups().front()->a, second.groups().back()->a));
  CHECK(at::equal(first.groups().front()->logits, second.groups().back()->logits));
  CHECK_FALSE(at::equal(first.groups().front()->a, other.groups().front()->a));
  const double bound = std::sqrt(2.0 / 6.0 / 32);
  CHECK(first.groups().front()->a.abs().max().item<double>() <= bound);
  CHECK(first.groups().front()->a.abs().max().item<double>() > 0.9 * bound);
  CHECK(first.groups().front()->logits.abs().max().item<double>() <= 1e-3);
}

}  // namespace phatgoose
