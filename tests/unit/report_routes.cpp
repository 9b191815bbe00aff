// Files of routes and categories, what is computed of both, and the figure.
#include "phatgoose/report/routes.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "phatgoose/report/heat_map.h"
#include "phatgoose/report/route_agreement.h"
#include "phatgoose/report/task_similarity.h"
#include "support/expect_error.h"
#include "support/fails_with.h"
#include "support/golden.h"
#include "support/mixture_files.h"
#include "support/scratch_directory.h"

namespace phatgoose {
namespace {

const Json kRoutes = Json::parse(R"({"layers": ["encoder 1", "decoder <1>"], "copies": 2, "tasks": {
    "wolf": [[1, 0], [0.5, 0.5]], "bus": [[0, 1], [0.5, 0.5]], "cat": [[0.9, 0.1], [0.5, 0.5]],
    "van": [[0.1, 0.9], [0.4, 0.6]]}})");
constexpr const char* kCategories = "wolf: animal\nbus: vehicle\ncat: animal\nvan: vehicle\nfern: plant\n";

Routes routes_from(const Json& json) {
  const test::ScratchDirectory scratch;
  test::write_text(scratch / "routes.json", json.dump());
  return read_routes(scratch / "routes.json");
}

Categories categories_from(const std::string& text, const std::vector<std::string>& tasks) {
  const test::ScratchDirectory scratch;
  test::write_text(scratch / "categories.yaml", text);
  return read_categories(scratch / "categories.yaml", tasks);
}

RouteQuestion question_of(const Routes& routes) {
  return {.categories = categories_from(kCategories, routes.tasks), .test = {.permutations = 999, .seed = 0}};
}

std::size_t count_of_text(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

}  // namespace

TEST_CASE("routes are read as they stand") {
  const Routes routes = routes_from(kRoutes);
  CHECK(routes.tasks == std::vector<std::string>{"wolf", "bus", "cat", "van"});
  CHECK(routes.layers == std::vector<std::string>{"encoder 1", "decoder <1>"});
  CHECK(routes.copies == 2);
  CHECK(std::ranges::equal(routes.of(3), std::vector<double>{0.1, 0.9, 0.4, 0.6}));
}

TEST_CASE("routes of a mixture are those that it stores") {
  const test::ScratchDirectory scratch;
  test::MixtureFiles mixture;
  mixture.routes = {1, 0, 0.25F, 0.75F, 0, 1, 0.5F, 0.5F};  // two tasks, two layers, two copies
  mixture.write(scratch / "mixture", read_t5_config(test::golden_path("t5_v1_1/model")));
  const Routes routes = read_routes(scratch / "mixture");
  CHECK(routes.tasks == std::vector<std::string>{"choose", "write"});
  CHECK(routes.layers == mixture.manifest.shape.layers);
  CHECK(routes.copies == 2);
  CHECK(routes.shares == std::vector<double>(mixture.routes.begin(), mixture.routes.end()));

  test::MixtureFiles average;
  average.manifest.shape.router = TaskRouterKind::average;
  average.routes = {0.5F, 0.5F, 0.5F, 0.5F};
  average.write(scratch / "average", read_t5_config(test::golden_path("t5_v1_1/model")));
  CHECK_THROWS_MATCHES(read_routes(scratch / "average"), Error,
                       test::FailsWith(ExitCode::bad_data, "one route for all tasks", "average"));
}

TEST_CASE("what is no file of routes is refused") {
  const auto refused = [](const char* pointer, const Json& value, const std::vector<std::string>& words) {
    Json json = kRoutes;
    json[Json::json_pointer(pointer)] = value;
    test::expect_bad_data([&] { routes_from(json); }, words);
  };
  refused("/more", 1, {"routes.json", "the key \"more\""});
  refused("/layers", Json::array(), {"no layers"});
  refused("/layers", {"one"}, {"task wolf: 2 layers", "expected 1"});
  refused("/copies", 3, {"task wolf, encoder 1: 2 numbers", "3 numbers"});
  refused("/copies", 0, {"copies"});
  refused("/tasks", {{"wolf", kRoutes["tasks"]["wolf"]}}, {"fewer than two tasks"});
  refused("/tasks/bus/1", {0.5, 0.4}, {"task bus, decoder <1>", "add up to 0.9"});
  refused("/tasks/bus/1", {1.5, -0.5}, {"1.5", "from 0 to 1"});
  refused("/tasks/bus/1", {"a", "b"}, {"\"a\"", "from 0 to 1"});
  refused("/tasks/bus/1", 1, {"task bus, decoder <1>", "number"});
}

TEST_CASE("categories are those of the tasks, in the order of the file") {
  const Categories categories = categories_from(kCategories, {"van", "wolf"});
  CHECK(categories.names == std::vector<std::string>{"animal", "vehicle"});
  CHECK(categories.of_task == std::vector<std::int64_t>{1, 0});
  CHECK(categories_from(R"({"van": "b", "wolf": "a"})", {"van", "wolf"}).names == std::vector<std::string>{"b", "a"});
  const auto refused = [](const std::string& text, const std::vector<std::string>& words) {
    test::expect_bad_data([&] { categories_from(text, {"van", "wolf"}); }, words);
  };
  refused("van: vehicle\n", {"no category of task wolf"});
  refused("van: same\nwolf: same\nfern: plant\n", {"one category for all tasks"});
  refused("van: vehicle\nwolf: [a, b]\n", {"categories.yaml:2"});
  refused("- van\n- wolf\n", {"categories.yaml:1", "TASK: CATEGORY"});
}

TEST_CASE("distances of routes are between 0 and 1") {
  const std::vector<double> distances = route_distances(routes_from(kRoutes));
  CHECK(distances[0] == 0);
  CHECK(distances[1] == Approx(std::sqrt(2.0) / 2));  // wolf and bus differ in one of two layers as much as they can
  CHECK(distances[1] == distances[4]);
  CHECK(distances[2] == Approx(std::sqrt(0.02) / 2));
  CHECK(distances[7] == Approx(std::sqrt(0.02 + 0.02) / 2));
}

TEST_CASE("routes that follow the categories agree with them") {
  const Routes routes = routes_from(kRoutes);
  RouteQuestion question = question_of(routes);
  question.vectors = TaskVectors{.tasks = {"bus", "van", "wolf", "cat", "other"},
                                 .method = kTextVectors,
                                 .dimension = 2,
                                 .values = {1, 0, 2, 0.1F, 0, 3, 0.2F, 1, 9, 9},
                                 .fingerprint = {},
                                 .recipe = {}};
  const Json found = route_agreement(routes, question);
  CHECK(found["clusters"] ==
        Json::parse(R"([{"wolf": "animal", "cat": "animal"}, {"bus": "vehicle", "van": "vehicle"}])"));
  REQUIRE(found["agreement"].size() == 3);
  CHECK(found["agreement"][0]["value"] == 1.0);
  // Of the 24 orders of the tasks 8 leave the partition as it is.
  CHECK(found["agreement"][0]["p"].get<double>() == Approx(1.0 / 3).margin(0.06));
  CHECK(found["agreement"][1]["value"].get<double>() > 0.98);
  CHECK(found["agreement"][1]["p"].get<double>() == Approx(1.0 / 3).margin(0.06));
  CHECK(found["agreement"][2]["of"] == "routes and task vectors");
  CHECK(found["agreement"][2]["value"].get<double>() > 0.9);
  const std::string text = route_agreement_text(found);
  CHECK_THAT(text, Catch::Contains("adjusted Rand index"));
  CHECK_THAT(text, Catch::Contains("wolf (animal), cat (animal)"));
}

TEST_CASE("where all routes are the same there is nothing to correlate") {
  Json json = kRoutes;
  for (auto& [task, layers] : json["tasks"].items()) layers = kRoutes["tasks"]["wolf"];
  const Routes routes = routes_from(json);
  const Json found = route_agreement(routes, question_of(routes));
  CHECK(found["agreement"][1]["value"].is_null());
  CHECK(found["agreement"][1]["p"].is_null());
  CHECK_THAT(route_agreement_text(found), Catch::Contains("-"));
}

TEST_CASE("questions that routes cannot answer are refused") {
  const Routes routes = routes_from(kRoutes);
  RouteQuestion question = question_of(routes);
  question.clusters = 5;
  CHECK_THROWS_MATCHES(route_agreement(routes, question), Error,
                       test::FailsWith(ExitCode::usage, "--clusters", "5", "at most 4"));
  question.clusters = 3;
  CHECK(route_agreement(routes, question)["clusters"].size() == 3);
  question.vectors =
      TaskVectors{.tasks = {"bus"}, .method = {}, .dimension = 1, .values = {1}, .fingerprint = {}, .recipe = {}};
  test::expect_bad_data([&] { route_agreement(routes, question); }, {"--vectors", "no vector of task wolf"});
  question.vectors->tasks = routes.tasks;
  question.vectors->values = {1, 2, 0, 3};
  test::expect_bad_data([&] { route_agreement(routes, question); }, {"a vector of length 0, of task cat"});
}

TEST_CASE("the heat map has a cell for every task, layer and copy, in the order of the categories") {
  const Routes routes = routes_from(kRoutes);
  const std::string svg = route_heat_map(routes, categories_from(kCategories, routes.tasks));
  CHECK_THAT(svg, Catch::StartsWith("<svg xmlns=\"http://www.w3.org/2000/svg\""));
  CHECK(count_of_text(svg, "<title>") == 16);
  CHECK(svg.find("<title>cat, ") < svg.find("<title>bus, "));
  CHECK_THAT(svg, Catch::Contains("fill=\"#08306b\"><title>wolf, encoder 1, copy 1: 1.000</title>"));
  CHECK_THAT(svg, Catch::Contains("fill=\"#ffffff\"><title>wolf, encoder 1, copy 2: 0.000</title>"));
  CHECK_THAT(svg, Catch::Contains("decoder &lt;1&gt;"));
  CHECK_FALSE(svg.find("decoder <1>") != std::string::npos);
  CHECK(svg == route_heat_map(routes, categories_from(kCategories, routes.tasks)));
}

TEST_CASE("cosines of vectors, and none where there is no direction") {
  const std::vector<double> found = cosines(std::vector<float>{1, 0, 1, 1, 0, 0}, 3);
  CHECK(found[0] == 1);
  CHECK(found[1] == Approx(std::sqrt(0.5)));
  CHECK(std::isnan(found[2]));
  CHECK(similarity_json(found, 3)[0] == Json::array({1.0, 0.707107, nullptr}));
}

}  // namespace phatgoose
