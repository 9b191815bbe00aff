#include "phatgoose/jobs/routes_job.h"

#include "phatgoose/report/heat_map.h"
#include "phatgoose/report/route_agreement.h"

namespace phatgoose {

Json compare_routes(const RoutesSettings& settings) {
  const Routes routes = read_routes(settings.path);
  RouteQuestion question{
      .categories = read_categories(settings.categories, routes.tasks),
      .clusters = settings.clusters,
      .test = {.permutations = settings.permutations, .seed = static_cast<std::uint64_t>(settings.seed)}};
  if (settings.vectors) question.vectors = read_task_vectors(*settings.vectors);
  Json agreement = route_agreement(routes, question);
  if (settings.heat_map) write_file(*settings.heat_map, route_heat_map(routes, question.categories));
  return agreement;
}

}  // namespace phatgoose
