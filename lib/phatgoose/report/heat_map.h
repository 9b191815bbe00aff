// A figure of all routes: tasks x (layers x copies), as SVG that needs nothing besides itself (METHODS 8).
#pragma once

#include <string>

#include "phatgoose/report/categories.h"
#include "phatgoose/report/routes.h"

namespace phatgoose {

/// A row for each task, those of a category together, in the order of the categories; a column for each copy, those of
/// a layer together. The darker, the more the copy counts, which a cell also tells under the pointer. The same routes
/// give the same bytes.
std::string route_heat_map(const Routes& routes, const Categories& categories);

}  // namespace phatgoose
