// `phatgoose routes`: the routes of tasks beside what the tasks are about (METHODS 8).
#pragma once

#include "phatgoose/base/json.h"
#include "phatgoose/settings/routes.h"

namespace phatgoose {

/// What report/route_agreement.h tells of the files; writes the heat map where one is asked for. bad_data for files
/// that do not fit.
Json compare_routes(const RoutesSettings& settings);

}  // namespace phatgoose
