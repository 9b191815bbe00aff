// How far the routes of tasks agree with what the tasks are about (METHODS 8).
#pragma once

#include <optional>

#include "phatgoose/base/json.h"
#include "phatgoose/report/categories.h"
#include "phatgoose/report/permutation_test.h"
#include "phatgoose/report/routes.h"
#include "phatgoose/store/task_vectors_directory.h"

namespace phatgoose {

/// The distance of every two routes: Euclidean, over the shares of all copies of all layers, divided by the largest
/// there can be, so that it is from 0 to 1.
std::vector<double> route_distances(const Routes& routes);  // [tasks, tasks]

struct RouteQuestion {
  Categories categories;
  std::optional<TaskVectors> vectors = {};  ///< with one for each task of the routes
  std::optional<std::int64_t> clusters = {};
  PermutationTest test;
};

/// Clusters of the routes with their adjusted Rand index against the categories, and the correlation of routes with
/// categories and with task vectors over the pairs of tasks, each with its p-value. A task without a vector: bad_data;
/// more clusters than tasks: usage error.
Json route_agreement(const Routes& routes, const RouteQuestion& question);

/// The same for people.
std::string route_agreement_text(const Json& agreement);

}  // namespace phatgoose
