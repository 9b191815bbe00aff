#include "phatgoose/routing/router.h"

#include <ATen/ATen.h>

#include "phatgoose/base/error.h"
#include "phatgoose/nn/tensor_bridge.h"
#include "phatgoose/routing/arrow_router.h"
#include "phatgoose/routing/phatgoose_router.h"
#include "phatgoose/store/router_kinds.h"

namespace phatgoose {
namespace {

/// No preference: every competitor scores 0, so that the number of experts taken, the enabled ones, and what is known
/// of rows and tokens decide (METHODS 4: uniform, single, retrieval, token-oracle).
class ConstantRouter : public Router {
 public:
  explicit ConstantRouter(std::size_t competitors) : competitors_(static_cast<std::int64_t>(competitors)) {}
  at::Tensor scores(const at::Tensor& u, const Pass& /*pass*/) const override {
    return at::zeros({u.size(0), competitors_}, at::TensorOptions(u.device()).dtype(at::kFloat));  // [N, S]
  }

 private:
  std::int64_t competitors_;
};

}  // namespace

std::unique_ptr<Router> make_router(const RouterInputs& inputs) {
  switch (router_kind(inputs.settings.router, "router").token_scores) {
    case RouterKind::TokenScores::none:
      return std::make_unique<ConstantRouter>(inputs.competitors.size());
    case RouterKind::TokenScores::normalised_product:
      return make_phatgoose_router(inputs);
    case RouterKind::TokenScores::absolute_product:
      return make_arrow_router(inputs);
  }
  fail(ExitCode::bug, {.where = "router", .found = "scores of no kind"});
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
      refuse(vectors.file ? vectors.file->where(path) : path, "no vector", "a vector for every adapted linear");
    }
    copy_into(gathered[column++], found->second);
  }
  return gathered;
}

}  // namespace phatgoose
