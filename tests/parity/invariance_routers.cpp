// Whichever the router, and however experts are selected: a row's logits do not depend on its batch, nor on the order
// of the experts, nor on the threads.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <catch2/catch.hpp>

#include <algorithm>

#include "golden.h"
#include "phatgoose/routing/routed_model.h"
#include "support/router_experts.h"

namespace phatgoose::parity {
namespace {

/// Every router as it is by default; those that select experts also with other selections and mixed parameters.
std::vector<RoutingSettings> plans() {
  std::vector<RoutingSettings> plans;
  for (const RouterKind& kind : router_kinds()) {
    plans.push_back({.router = kind.name});
    if (!kind.selects()) continue;
    plans.push_back({.router = kind.name, .temperature = 0.3});
    plans.push_back({.router = kind.name, .k = 3, .temperature = 4});
    plans.push_back({.router = kind.name, .top_p = 0.7});
    plans.push_back({.router = kind.name, .top_p = 0.9, .temperature = 2});
    plans.push_back({.router = kind.name, .top_p = 0.7, .temperature = 2, .mix = "parameters"});
  }
  return plans;
}

/// Rows of a golden file, each with an embedding of its own, through one router over random experts.
class RouterRuns {
 public:
  explicit RouterRuns(const RoutingSettings& plan, bool reversed = false) {
    auto experts = test::write_router_experts(scratch_.path(), model_.config(), {"a", "b", "c", "d"});
    if (plan.router == "single") experts.erase(experts.begin() + 1, experts.end());
    if (reversed) std::ranges::reverse(experts);
    reversed_ = reversed;
    at::manual_seed(7);
    embeddings_ = test::random_unit_rows(std::ssize(sources_), test::kEmbeddingSize);  // [rows, D]
    routed_.emplace(model_, experts, plan);
  }

  /// Logits of the rows in the given order; a row may stand there several times.
  at::Tensor logits(const std::vector<std::int64_t>& order) const {
    std::vector<TokenIds> sources, targets;
    test::TokenExperts experts;
    for (const auto row : order) {
      sources.push_back(sources_[row]);
      targets.push_back(targets_[row]);
      if (!routed_->router().follows_labels) continue;
      experts.sources.push_back(experts_of(sources_[row]));
      experts.targets.push_back(experts_of(targets_[row]));
    }
    at::Tensor scores;
    if (routed_->input_scorer() != nullptr)
      scores = routed_->input_scores(embeddings_.index_select(0, at::tensor(order)));
    return test::logits_of(model_, sources, targets, scores, experts);
  }

  at::Tensor all() const { return logits({0, 1, 2}); }

  /// The logits of `order`, cut out of those of all rows together.
  at::Tensor expected(const at::Tensor& together, const std::vector<std::int64_t>& order) const {
    const auto packing = pack_ids(targets_, at::kCPU).packing;
    std::vector<at::Tensor> parts;
    for (const auto row : order) parts.push_back(together.narrow(0, packing.offset(row), packing.length(row)));
    return at::cat(parts);
  }

 private:
  /// An expert for every token of a row, whatever the order in which the experts are numbered.
  std::vector<std::int32_t> experts_of(const TokenIds& ids) const {
    std::vector<std::int32_t> experts;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const auto expert = static_cast<std::int32_t>((ids[i] + 3 * i) % 4);
      experts.push_back(reversed_ ? 3 - expert : expert);
    }
    return experts;
  }

  bool reversed_ = false;
  const Golden golden_{"phatgoose_routed"};
  const std::vector<TokenIds> sources_ = golden_.rows("sources"), targets_ = golden_.rows("targets");
  test::ScratchDirectory scratch_;
  T5Model model_ = load_model("t5_v1_1");
  at::Tensor embeddings_;
  std::optional<RoutedModel> routed_;
};

TEST_CASE("Selections of a router that are told apart give different logits", "[invariance]") {
  const auto kind = GENERATE("phatgoose", "average-activation", "arrow");
  CAPTURE(kind);
  std::vector<at::Tensor> seen;
  for (const RoutingSettings& plan : plans()) {
    if (plan.router != kind) continue;
    CAPTURE(plan.manifest().dump());
    const auto logits = RouterRuns(plan).all();
    for (const auto& others : seen) CHECK(relative_difference(logits, others) > 100 * kTolerance);
    seen.push_back(logits);
  }
  CHECK(seen.size() == 6);
}

TEST_CASE("Logits do not depend on batch size, order and neighbours, whichever the router", "[invariance]") {
  const auto plan = GENERATE(from_range(plans()));
  CAPTURE(plan.manifest().dump());
  const RouterRuns runs(plan);
  const auto together = runs.all();
  const std::vector<std::vector<std::int64_t>> orders = {{0}, {1}, {2}, {2, 0}, {2, 1, 0}, {1, 1, 1}};
  for (const auto& order : orders) {
    CAPTURE(order);
    CHECK(relative_difference(runs.logits(order), runs.expected(together, order)) < kTolerance);
  }
}

TEST_CASE("Logits do not depend on the order of the experts, whichever the router", "[invariance]") {
  const auto plan = GENERATE(from_range(plans()));
  CAPTURE(plan.manifest().dump());
  CHECK(relative_difference(RouterRuns(plan, true).all(), RouterRuns(plan).all()) < kTolerance);
}

TEST_CASE("Logits do not depend on the number of threads, whichever the router", "[invariance]") {
  const auto plan = GENERATE(from_range(plans()));
  CAPTURE(plan.manifest().dump());
  const RouterRuns runs(plan);
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const auto one = runs.all();
  at::set_num_threads(3);
  const auto three = runs.all();
  at::set_num_threads(threads);
  CHECK(relative_difference(three, one) < kTolerance);
}

}  // namespace
}  // namespace phatgoose::parity
