#include "phatgoose/routing/router.h"

#include <array>

#include "phatgoose/base/error.h"
#include "phatgoose/routing/phatgoose_router.h"

namespace phatgoose {
namespace {

struct RegisteredRouter {
  const char* name;
  std::unique_ptr<Router> (*make)(const RouterInputs& inputs);
};

constexpr std::array kRouters{
    RegisteredRouter{"phatgoose", make_phatgoose_router},
};

}  // namespace

std::unique_ptr<Router> make_router(const std::string& name, const RouterInputs& inputs) {
  for (const RegisteredRouter& router : kRouters) {
    if (name == router.name) return router.make(inputs);
  }
  std::string known;
  for (const std::string& router : router_names()) known += (known.empty() ? "" : ", ") + router;
  fail(ExitCode::bad_data, {.where = "router", .found = "\"" + name + "\"", .expected = "one of " + known, .hint = {}});
}

std::vector<std::string> router_names() {
  std::vector<std::string> names;
  for (const RegisteredRouter& router : kRouters) names.emplace_back(router.name);
  return names;
}

}  // namespace phatgoose
