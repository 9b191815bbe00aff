// From logits to routes: selections, noise, temperature, tables (METHODS 8).
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>

#include "phatgoose/task_moe/route_selection.h"
#include "phatgoose/task_moe/training_routes.h"

namespace phatgoose {
namespace {

std::vector<std::int64_t> first_places(std::int64_t count) {
  std::vector<std::int64_t> places(static_cast<std::size_t>(count));
  std::iota(places.begin(), places.end(), 0);
  return places;
}

RoutingPlan small_plan(TaskRouterKind kind) {
  return {.shape = {.layers = {"encoder.block.0", "decoder.block.0"},
                    .copies = 3,
                    .router = kind,
                    .dimension = is_learned(kind) ? 8 : 0},
          .selection = RouteSelection::gumbel_st,
          .temperature = {},
          .seed = 4,
          .tasks = {"zoo", "station", "kitchen"}};
}

TrainingRoutes routes_of(const RoutingPlan& plan) {
  if (!is_learned(plan.shape.router)) return {plan, std::nullopt, {}, at::kCPU};
  at::manual_seed(6);
  TaskRouter router = TaskRouter::initial(plan.shape, 9, at::kFloat);
  for (const auto& [name, tensor] : router.tensors()) tensor.add_(at::randn(tensor.sizes()), 0.3);
  return {plan, std::move(router), at::randn({3, 8}), at::kCPU};
}

/// Rows of these tasks at places 0, 1, ...
struct RowsOfTasks {
  Packing packing;
  RowContext known;

  explicit RowsOfTasks(const std::vector<std::int64_t>& tasks, std::int64_t first_place = 0) {
    packing = Packing::of_lengths(std::vector<std::int64_t>(tasks.size(), 2));
    known.tasks = at::tensor(tasks, at::kLong);
    known.places = at::arange(first_place, first_place + std::ssize(tasks), at::kLong);
  }
  Pass pass() const { return {packing, known}; }
};

}  // namespace

TEST_CASE("softmax weights are those of the formula, at every temperature") {
  const at::Tensor logits = at::tensor({0.3, -1.2, 0.8}, at::kDouble);
  for (const double temperature : {0.1, 1.0, 2.0, 300.0}) {
    const at::Tensor weights = route_weights(logits, {}, RouteSelection::softmax, temperature);
    double sum = 0;
    for (const double logit : {0.3, -1.2, 0.8}) sum += std::exp(logit / temperature);
    CHECK(weights[0].item<double>() == Approx(std::exp(0.3 / temperature) / sum));
    CHECK(weights[1].item<double>() == Approx(std::exp(-1.2 / temperature) / sum));
  }
}

TEST_CASE("Gumbel noise is added to the logits before the temperature") {
  const at::Tensor logits = at::tensor({0.3, -1.2, 0.8}, at::kDouble),
                   noise = at::tensor({0.5, 2.5, -0.1}, at::kDouble);
  const at::Tensor weights = route_weights(logits, noise, RouteSelection::gumbel, 0.7);
  double sum = 0;
  for (const double score : {0.8, 1.3, 0.7}) sum += std::exp(score / 0.7);
  CHECK(weights[1].item<double>() == Approx(std::exp(1.3 / 0.7) / sum));
  const at::Tensor one_hot = route_weights(logits, noise, RouteSelection::gumbel_st, 0.7);
  CHECK(one_hot.equal(at::tensor({0.0, 1.0, 0.0}, at::kDouble)));
}

TEST_CASE("straight-through gradients are those of the weights, by hand") {
  const double temperature = 0.5;
  const at::Tensor logits = at::tensor({0.3, -1.2, 0.8}, at::kDouble).requires_grad_();
  const at::Tensor noise = at::tensor({0.5, 2.5, -0.1}, at::kDouble), slope = at::tensor({2.0, -3.0, 0.5}, at::kDouble);
  (route_weights(logits, noise, RouteSelection::gumbel_st, temperature) * slope).sum().backward();
  double p[3], sum = 0, mean = 0;
  const double scores[3] = {0.8, 1.3, 0.7}, g[3] = {2.0, -3.0, 0.5};
  for (int i = 0; i < 3; ++i) sum += p[i] = std::exp(scores[i] / temperature);
  for (int i = 0; i < 3; ++i) mean += (p[i] /= sum) * g[i];
  for (int i = 0; i < 3; ++i) {
    CHECK(logits.grad()[i].item<double>() == Approx(p[i] * (g[i] - mean) / temperature));
  }
}

TEST_CASE("noise is a function of seed, step, layer and place, and Gumbel's") {
  const RouteDraw draw{3, 5, "encoder.block.0"};
  const at::Tensor noise = gumbel_noise(draw, first_places(20000), 3);
  CHECK(noise.mean().item<double>() == Approx(0.5772).epsilon(0.03));
  CHECK(noise.var().item<double>() == Approx(1.6449).epsilon(0.05));
  CHECK(gumbel_noise(draw, std::vector<std::int64_t>{17, 4}, 3)
            .equal(noise.index_select(0, at::tensor({17, 4}, at::kLong))));
  for (const RouteDraw& other : {RouteDraw{4, 5, draw.layer}, RouteDraw{3, 6, draw.layer}, RouteDraw{3, 5, "x"}}) {
    CHECK_FALSE(gumbel_noise(other, std::vector<std::int64_t>{17, 4}, 3)
                    .equal(noise.index_select(0, at::tensor({17, 4}, at::kLong))));
  }
  // The largest of logits with Gumbel noise is a draw from their softmax.
  const at::Tensor chosen = (noise + at::tensor({0.0, 1.0, -1.0})).argmax(1);
  const double share = at::eq(chosen, 1).to(at::kDouble).mean().item<double>();
  CHECK(share == Approx(std::exp(1.0) / (1 + std::exp(1.0) + std::exp(-1.0))).epsilon(0.03));
}

TEST_CASE("temperatures decay to a floor") {
  const TemperatureSchedule learning{2, 3e-4, 0.1}, annealing{300, 1e-4, 1};
  CHECK(temperature_at(learning, 0) == 2);
  CHECK(temperature_at(learning, 1000) == Approx(2 * std::exp(-0.3)));
  CHECK(temperature_at(learning, 10000) == 0.1);
  CHECK(temperature_at(annealing, 57000) == Approx(300 * std::exp(-5.7)));
  CHECK(temperature_at(annealing, 57100) == 1);
}

TEST_CASE("random routes of a task depend on its name, those of rows on step and place") {
  const RoutingPlan plan = small_plan(TaskRouterKind::random_per_task);
  const at::Tensor routes = random_task_routes(4, {"zoo", "station"}, plan.shape);
  CHECK(random_task_routes(4, {"station"}, plan.shape)[0].equal(routes[1]));
  CHECK(routes.sum(-1).equal(at::ones({2, 2})));
  std::vector<std::string> names;
  for (int i = 0; i < 3000; ++i) names.push_back("task-" + std::to_string(i));
  const at::Tensor shares = random_task_routes(4, names, plan.shape).mean(0);  // [L, m]
  CHECK((shares - 1.0 / 3).abs().max().item<double>() < 0.03);
  const RouteDraw draw{3, 5, "encoder.block.0"};
  const at::Tensor copies = random_copies(draw, first_places(3000), 3);
  CHECK((at::bincount(copies).to(at::kDouble) / 3000 - 1.0 / 3).abs().max().item<double>() < 0.03);
  CHECK(random_copies(draw, std::vector<std::int64_t>{9}, 3)[0].item<std::int64_t>() == copies[9].item<std::int64_t>());
}

TEST_CASE("a table gives rows the routes of their tasks, as copies where all are one-hot") {
  const at::Tensor soft = at::softmax(at::arange(12, at::kFloat).view({2, 2, 3}).remainder(5), -1);
  const RowsOfTasks rows({1, 0, 1});
  const RowRoutes weights = TableRoutes(soft, at::kCPU).of(1, rows.pass());
  CHECK_FALSE(weights.copies.defined());
  CHECK(weights.weights.equal(soft.select(1, 1).index_select(0, rows.known.tasks)));
  const RowRoutes copies = TableRoutes(one_hot_routes(soft), at::kCPU).of(0, rows.pass());
  CHECK(copies.copies.equal(soft.select(1, 0).argmax(-1).index_select(0, rows.known.tasks)));
  // A table of one row is for rows that say no task.
  const Packing packing = Packing::of_lengths(std::vector<std::int64_t>{2, 3});
  CHECK(TableRoutes(soft.narrow(0, 0, 1), at::kCPU).of(0, {packing}).weights.size(0) == 2);
}

TEST_CASE("in a step rows draw their routes by place, between steps routes have no noise") {
  const auto kind = GENERATE(TaskRouterKind::linear, TaskRouterKind::linear_per_layer, TaskRouterKind::lstm,
                             TaskRouterKind::transformer);
  TrainingRoutes routes = routes_of(small_plan(kind));
  const RowsOfTasks rows({2, 0, 2, 2, 2, 2, 2, 2}), some({2, 2}, 3);
  routes.begin_step(7);
  routes.use_tasks(std::vector<std::int64_t>{2, 0, 2});
  const at::Tensor drawn = routes.of(1, rows.pass()).weights;  // [rows, m]
  CHECK(routes.of(1, some.pass()).weights.equal(drawn.narrow(0, 3, 2)));
  CHECK(drawn.equal(one_hot_routes(drawn)));
  routes.end_step();
  routes.after_updates(8);
  const at::Tensor table = routes.routes(8);
  const at::Tensor logits = routes.router()->logits(routes.vectors());
  CHECK(at::allclose(table, at::softmax(logits / (2 * std::exp(-8 * 3e-4)), -1)));
  CHECK(routes.of(1, rows.pass()).copies.equal(table.select(1, 1).argmax(-1).index_select(0, rows.known.tasks)));
}

TEST_CASE("the gradients of a step's passes reach router and vectors once") {
  RoutingPlan plan = small_plan(TaskRouterKind::linear_per_layer);
  plan.selection = GENERATE(RouteSelection::softmax, RouteSelection::gumbel, RouteSelection::gumbel_st);
  const std::vector<std::int64_t> tasks = {2, 0, 2, 2};
  at::manual_seed(8);
  const at::Tensor direction = at::randn({4, 3});
  const auto gradients = [&](std::int64_t passes) {
    TrainingRoutes routes = routes_of(plan);
    const at::Tensor vectors = routes.vectors().set_requires_grad(true);
    const at::Tensor weight = routes.router()->tensors().at("output.weight").set_requires_grad(true);
    routes.begin_step(0);
    routes.use_tasks(tasks);
    for (std::int64_t pass = 0; pass < passes; ++pass) {
      const std::int64_t size = 4 / passes, first = pass * size;
      const RowsOfTasks rows({tasks.begin() + first, tasks.begin() + first + size}, first);
      (routes.of(1, rows.pass()).weights * direction.narrow(0, first, size)).sum().backward();
    }
    routes.end_step();
    return std::pair(vectors.grad(), weight.grad());
  };
  const auto [whole_vectors, whole_weight] = gradients(1);
  const auto [cut_vectors, cut_weight] = gradients(2);
  CHECK(at::allclose(cut_vectors, whole_vectors, 1e-5, 1e-8));
  CHECK(at::allclose(cut_weight, whole_weight, 1e-5, 1e-8));
  CHECK(whole_vectors[1].abs().max().item<double>() == 0);  // a task of no row
  CHECK(whole_vectors[2].abs().max().item<double>() > 0);
  CHECK(whole_weight[0].abs().max().item<double>() == 0);  // a layer of no pass
}

TEST_CASE("routers without parameters: average, random by task, random by row") {
  const RowsOfTasks rows({0, 1, 2, 1});
  TrainingRoutes average = routes_of(small_plan(TaskRouterKind::average));
  average.begin_step(0);
  average.use_tasks(std::vector<std::int64_t>{0, 1, 2});
  CHECK(at::allclose(average.of(0, rows.pass()).weights, at::full({4, 3}, 1.0 / 3)));
  average.end_step();
  CHECK(at::allclose(average.of(0, rows.pass()).weights, at::full({4, 3}, 1.0 / 3)));

  TrainingRoutes by_task = routes_of(small_plan(TaskRouterKind::random_per_task));
  const at::Tensor outside = by_task.of(1, rows.pass()).copies;
  by_task.begin_step(3);
  CHECK(by_task.of(1, rows.pass()).copies.equal(outside));
  CHECK(outside[1].item<std::int64_t>() == outside[3].item<std::int64_t>());
  by_task.end_step();
  CHECK(by_task.of(1, rows.pass()).copies.equal(outside));

  TrainingRoutes by_row = routes_of(small_plan(TaskRouterKind::random_per_instance));
  CHECK(at::allclose(by_row.of(0, rows.pass()).weights, at::full({4, 3}, 1.0 / 3)));
  std::int64_t changes = 0;
  at::Tensor before;
  for (std::int64_t step = 0; step < 8; ++step) {
    by_row.begin_step(step);
    const at::Tensor copies = by_row.of(0, rows.pass()).copies;
    if (before.defined()) changes += !copies.equal(before);
    before = copies;
    by_row.end_step();
  }
  CHECK(changes > 4);
}

}  // namespace phatgoose
