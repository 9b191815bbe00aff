#include "phatgoose/routing/router.h"

#include <ATen/ATen.h>

#include <array>

#include "phatgoose/base/error.h"
#include "phatgoose/nn/tensor_bridge.h"
#include "phatgoose/routing/arrow_router.h"
#include "phatgoose/routing/constant_router.h"
#include "phatgoose/routing/phatgoose_router.h"

namespace phatgoose {
namespace {

struct RegisteredRouter {
  const char* name;
  std::unique_ptr<Router> (*make)(const RouterInputs& inputs);
};

constexpr std::array kRouters{
    RegisteredRouter{"phatgoose", make_phatgoose_router},
    RegisteredRouter{"average-activation", make_phatgoose_router},
    RegisteredRouter{"arrow", make_arrow_router},
    RegisteredRouter{"retrieval", make_constant_router},
    RegisteredRouter{"uniform", make_constant_router},
    RegisteredRouter{"single", make_constant_router},
    RegisteredRouter{"token-oracle", make_constant_router},
};

}  // namespace

std::unique_ptr<Router> make_router(const RouterInputs& inputs) {
  const std::string& name = inputs.settings.router;
  for (const RegisteredRouter& router : kRouters) {
    if (name == router.name) return router.make(inputs);
  }
  fail(ExitCode::bug, {.where = "router", .found = "\"" + name + "\"", .expected = "a token-level router"});
}

at::Tensor gather_prototypes(const RouterInputs& inputs) {
  const std::int64_t in = inputs.group.linears.front().in;
  const at::Tensor gathered =
      at::empty({static_cast<std::int64_t>(inputs.competitors.size()), in}, at::TensorOptions(inputs.device));
  for (std::int64_t column = 0; const Competitor& competitor : inputs.competitors) {
    const LinearVectors& vectors = inputs.prototypes[competitor.expert];
    const std::string& path = inputs.group.linears[competitor.linear].path;
    const auto found = vectors.by_path.find(path);
    if (found == vectors.by_path.end()) {
      fail(ExitCode::bad_data, {.where = vectors.file ? vectors.file->where(path) : path,
                                .found = "no vector",
                                .expected = "a vector for every adapted linear"});
    }
    copy_into(gathered[column++], found->second);
  }
  return gathered;
}

}  // namespace phatgoose
