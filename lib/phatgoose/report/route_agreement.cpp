#include "phatgoose/report/route_agreement.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "phatgoose/base/error.h"
#include "phatgoose/base/utf8.h"
#include "phatgoose/report/clustering.h"
#include "phatgoose/report/table.h"
#include "phatgoose/report/task_similarity.h"

namespace phatgoose {
namespace {

std::vector<std::int64_t> identity_order(std::size_t count) {
  std::vector<std::int64_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  return order;
}

/// 1 for two tasks of one category, otherwise 0.
std::vector<double> same_category(const Categories& categories) {
  std::vector<double> same;
  for (const std::int64_t x : categories.of_task) {
    for (const std::int64_t y : categories.of_task) same.push_back(x == y ? 1 : 0);
  }
  return same;
}

/// The cosines of the vectors of the routes' tasks.
std::vector<double> vector_similarity(const TaskVectors& vectors, const std::vector<std::string>& tasks) {
  std::vector<float> rows;
  for (const std::string& task : tasks) {
    const auto found = std::ranges::find(vectors.tasks, task);
    if (found == vectors.tasks.end()) refuse("--vectors", "no vector of task " + task, "one for every route");
    const auto begin = vectors.values.begin() + (found - vectors.tasks.begin()) * vectors.dimension;
    const auto end = begin + vectors.dimension;
    if (std::all_of(begin, end, [](float value) { return value == 0; })) {
      refuse("--vectors", "a vector of length 0, of task " + task, "a direction, to compare with others");
    }
    rows.insert(rows.end(), begin, end);
  }
  return cosines(rows, std::ssize(tasks));
}

Json agreement_entry(const std::string& of, const std::string& measure, std::optional<double> value,
                     std::optional<double> p) {
  return {{"of", of}, {"measure", measure}, {"value", value ? Json(*value) : Json()}, {"p", p ? Json(*p) : Json()}};
}

Json cluster_agreement(const std::vector<std::int64_t>& clusters, const RouteQuestion& question) {
  const std::vector<std::int64_t>& categories = question.categories.of_task;
  const auto index = [&](std::span<const std::int64_t> order) {
    std::vector<std::int64_t> permuted;
    for (const std::int64_t task : order) permuted.push_back(categories[static_cast<std::size_t>(task)]);
    return adjusted_rand_index(clusters, permuted);
  };
  const double observed = adjusted_rand_index(clusters, categories);
  return agreement_entry("clusters and categories", "adjusted Rand index", observed,
                         permutation_p(observed, std::ssize(categories), index, question.test));
}

Json pair_agreement(const std::string& of, const std::vector<double>& routes, const std::vector<double>& features,
                    std::size_t tasks, const PermutationTest& test) {
  const auto correlation = [&](std::span<const std::int64_t> order) {
    return pair_correlation(routes, features, order).value_or(0);
  };
  const std::optional<double> observed = pair_correlation(routes, features, identity_order(tasks));
  std::optional<double> p;
  if (observed) p = permutation_p(*observed, static_cast<std::int64_t>(tasks), correlation, test);
  return agreement_entry(of, "Pearson's r", observed, p);
}

/// The tasks of every cluster, with their categories.
Json clusters_json(const Routes& routes, const Categories& categories, const std::vector<std::int64_t>& clusters) {
  Json json = Json::array();
  for (std::size_t task = 0; task < clusters.size(); ++task) {
    const auto cluster = static_cast<std::size_t>(clusters[task]);
    while (json.size() <= cluster) json.push_back(Json::object());
    json[cluster][routes.tasks[task]] = categories.names[static_cast<std::size_t>(categories.of_task[task])];
  }
  return json;
}

}  // namespace

std::vector<double> route_distances(const Routes& routes) {
  const double largest = std::sqrt(2.0 * static_cast<double>(routes.layers.size()));
  std::vector<double> distances;
  for (std::size_t x = 0; x < routes.tasks.size(); ++x) {
    for (std::size_t y = 0; y < routes.tasks.size(); ++y) {
      double squares = 0;
      for (std::size_t i = 0; i < routes.of(x).size(); ++i) squares += std::pow(routes.of(x)[i] - routes.of(y)[i], 2);
      distances.push_back(std::sqrt(squares) / largest);
    }
  }
  return distances;
}

Json route_agreement(const Routes& routes, const RouteQuestion& question) {
  const std::size_t tasks = routes.tasks.size();
  const std::int64_t count = question.clusters.value_or(std::ssize(question.categories.names));
  if (count > std::ssize(routes.tasks))
    refuse_usage("--clusters", std::to_string(count), fmt::format("at most {}, the tasks", tasks));
  const std::vector<double> distances = route_distances(routes);
  std::vector<double> similarity;
  for (const double distance : distances) similarity.push_back(1 - distance);
  const std::vector<std::int64_t> clusters = average_linkage(distances, count);
  Json agreement = {
      cluster_agreement(clusters, question),
      pair_agreement("routes and categories", similarity, same_category(question.categories), tasks, question.test)};
  if (question.vectors) {
    const std::vector<double> features = vector_similarity(*question.vectors, routes.tasks);
    agreement.push_back(pair_agreement("routes and task vectors", similarity, features, tasks, question.test));
  }
  return {{"kind", "route-agreement"},
          {"tasks", tasks},
          {"layers", routes.layers.size()},
          {"copies", routes.copies},
          {"categories", question.categories.names},
          {"permutations", question.test.permutations},
          {"seed", question.test.seed},
          {"agreement", std::move(agreement)},
          {"clusters", clusters_json(routes, question.categories, clusters)}};
}

std::string route_agreement_text(const Json& agreement) {
  Table tests({"agreement of", "measure", "value", "p"}, {2, 3});
  for (const Json& one : agreement.at("agreement")) {
    const Json &value = one.at("value"), &p = one.at("p");
    tests.add({one.at("of").get<std::string>(), one.at("measure").get<std::string>(),
               value.is_null() ? "-" : fmt::format("{:.3f}", value.get<double>()),
               p.is_null() ? "-" : p_text(p.get<double>())});
  }
  Table clusters({"cluster", "tasks (categories)"}, {0});
  for (const Json& cluster : agreement.at("clusters")) {
    std::vector<std::string> members;
    for (const auto& [task, category] : cluster.items()) {
      members.push_back(printable(fmt::format("{} ({})", task, category.get<std::string>())));
    }
    clusters.add({std::to_string(&cluster - &agreement.at("clusters").front() + 1),
                  fmt::format("{}", fmt::join(members, ", "))});
  }
  return tests.text() + "\n" + clusters.text();
}

}  // namespace phatgoose
