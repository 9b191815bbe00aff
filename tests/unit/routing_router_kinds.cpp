// Every router as a whole model: identities between routers, left-out experts, and settings changed after building.
#include <ATen/ATen.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "phatgoose/eval/generation.h"
#include "phatgoose/eval/rank_scorer.h"
#include "phatgoose/routing/routed_model.h"
#include "phatgoose/routing/token_trace.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/routed_model_builder.h"
#include "support/fails_with.h"
#include "support/golden.h"
#include "support/router_experts.h"
#include "support/tiny_t5.h"

namespace phatgoose {
namespace {

using test::FailsWith;
using test::golden_path;
using test::largest_difference;
using test::logits_of;

const std::vector<TokenIds> kSources{{5, 6, 7, 1}, {9, 40, 41, 42, 8, 7, 1}, {11, 1}, {60, 61, 62, 1}};
const std::vector<TokenIds> kTargets{{8, 9, 1}, {30, 1}, {12, 13, 14, 15, 1}, {70, 71, 1}};

/// A tiny base on disk with three experts that every router can use.
class Models {
 public:
  Models() {
    model.save(scratch / "base", at::kFloat);
    experts = test::write_router_experts(scratch.path(), model.config(), {"a", "b", "c"});
  }

  std::vector<ExpertDirectory> some(const std::vector<std::size_t>& numbers) const {
    std::vector<ExpertDirectory> chosen;
    for (const std::size_t number : numbers) chosen.push_back(experts[number]);
    return chosen;
  }

  /// Logits of the rows; where the router looks at inputs, row i is like an example of expert i % 3.
  at::Tensor logits(const RoutedModel& routed) const {
    const at::Tensor scores = routed.input_scorer() != nullptr ? routed.input_scores(embeddings()) : at::Tensor();
    return logits_of(model, kSources, kTargets, scores);
  }

  at::Tensor plain_lora(const ExpertDirectory& expert, const std::vector<TokenIds>& sources,
                        const std::vector<TokenIds>& targets) {
    attach(expert);
    return logits_of(model, sources, targets);
  }

  void attach(const ExpertDirectory& expert) {
    model.remove_adapters();
    ExpertParameters::load(expert, linear_groups(model.config()), at::kCPU).attach(model);
  }

  at::Tensor base() {
    model.remove_adapters();
    return logits_of(model, kSources, kTargets);
  }

  at::Tensor embeddings() const {
    std::vector<at::Tensor> rows;
    for (std::size_t row = 0; row < kSources.size(); ++row) rows.push_back(test::embedding_of(experts[row % 3]));
    return at::stack(rows);  // [rows, D]
  }

  RoutedModelPlan build_plan(const std::string& router, const std::string& out) const {
    RoutedModelPlan plan{.model = scratch / "base", .experts = {}, .out = scratch / out, .routing = {.router = router}};
    // the default would leave nothing to the tokens where a row is like an expert's example
    if (router_kind(router, "test").takes_alpha()) plan.routing.global_alpha = "0.5";
    for (const ExpertDirectory& expert : experts) plan.experts.push_back(expert.path());
    return plan;
  }

  RoutedModel load(const std::string& out, const RoutingSettings& changes = {}) {
    model.remove_adapters();
    return RoutedModel::load(RoutedModelDirectory::open(scratch / out, changes), model,
                             base_fingerprint(scratch / "base"));
  }

  test::ScratchDirectory scratch;
  T5Model model = test::tiny_model();
  std::vector<ExpertDirectory> experts;
};

bool weights(const RouterKind& kind) { return !kind.merges(); }
bool selects_nothing(const RouterKind& kind) { return !kind.selects(); }

}  // namespace

TEST_CASE("rows that go to different experts are each like plain LoRA") {
  Models models;
  const RoutedModel routed(models.model, models.experts, {.router = "retrieval"});
  REQUIRE(routed.input_scorer() != nullptr);
  const std::vector<std::size_t> owners = {2, 0, 1, 0};
  std::vector<at::Tensor> queries;
  for (const std::size_t owner : owners) queries.push_back(test::embedding_of(models.experts[owner]));
  const at::Tensor scores = routed.input_scores(at::stack(queries));
  TokenTrace trace(std::ssize(routed.linear_paths()));
  std::optional<RoutedModel::Observation> observation(routed.observe(trace));
  const at::Tensor together = logits_of(models.model, kSources, kTargets, scores);
  observation.reset();
  for (std::size_t row = 0; row < owners.size(); ++row) {
    const ExpertWeights all_of_one = {{static_cast<std::int32_t>(owners[row]), 1.0}};
    for (std::int64_t linear = 0; linear < std::ssize(routed.linear_paths()); ++linear) {
      const auto tokens = trace.row(linear, static_cast<std::int64_t>(row));
      CHECK(std::ranges::count(tokens, all_of_one) == std::ssize(tokens));
    }
  }
  const auto generated = generate_greedy(models.model, test::packed(kSources, scores), 12);
  std::vector<Question> questions;
  for (std::size_t row = 0; row < kSources.size(); ++row) {
    const float* values = scores[static_cast<std::int64_t>(row)].const_data_ptr<float>();
    questions.push_back({kSources[row], {{20, 21, 1}, {22, 1}, {20, 1}}, {.expert_scores = {values, values + 3}}});
  }
  questions.push_back({kSources[0], questions[0].choices, questions[1].facts});  // another expert's, same input
  std::vector<std::size_t> question_owners = owners;
  question_owners.push_back(owners[1]);
  const auto ranked = score_choices(models.model, questions, {.tokens = 6});

  const Packing packing = pack_ids(kTargets, at::kCPU).packing;
  for (std::size_t row = 0; row < kSources.size(); ++row) {
    CAPTURE(row);
    const at::Tensor alone = models.plain_lora(models.experts[owners[row]], {kSources[row]}, {kTargets[row]});
    const auto i = static_cast<std::int64_t>(row);
    CHECK(largest_difference(together.narrow(0, packing.offset(i), packing.length(i)), alone) < 1e-5);
    CHECK(generated[row] == generate_greedy(models.model, test::packed({kSources[row]}), 12).front());
  }
  for (std::size_t q = 0; q < questions.size(); ++q) {
    CAPTURE(q);
    models.attach(models.experts[question_owners[q]]);
    const auto alone = score_choices(models.model, std::vector<Question>{{questions[q].input, questions[q].choices}});
    for (std::size_t c = 0; c < 3; ++c) {
      CHECK(ranked[q].log_likelihoods[c] == Approx(alone.front().log_likelihoods[c]).epsilon(1e-5));
    }
  }
  CHECK(ranked.back().log_likelihoods[0] != Approx(ranked.front().log_likelihoods[0]).epsilon(1e-3));
}

TEST_CASE("a row without any example left is the base's") {
  Models models;
  const RoutedModel routed(models.model, models.experts, {.router = "retrieval"});
  const at::Tensor nobody = at::full({4, 3}, -std::numeric_limits<float>::infinity());
  const at::Tensor logits = logits_of(models.model, kSources, kTargets, nobody);
  CHECK(at::equal(logits, models.base()));
}

TEST_CASE("uniform is the merged product without merging") {
  Models models;
  const RoutedModel uniform(models.model, models.experts, {.router = "uniform"});
  const at::Tensor weighted = models.logits(uniform);
  models.model.remove_adapters();
  const RoutedModel merged(models.model, models.experts, {.router = "merged-product"});
  CHECK_FALSE(merged.has_weights());
  const at::Tensor added = models.logits(merged);
  CHECK(largest_difference(weighted, added) < 1e-5);
  CHECK(largest_difference(models.base(), added) > 1e-2);
}

TEST_CASE("uniform is the merged product of experts that adapt different linears, too") {
  std::vector<ExpertDirectory> experts;
  for (const char* name : {"wide", "attention", "feed_forward", "encoder", "narrow"}) {
    experts.push_back(ExpertDirectory::open(golden_path("experts") / name));
  }
  T5Model model = T5Model::load(golden_path("t5_v1_1/model"), at::kCPU, at::kFloat);
  const auto left_out = GENERATE(as<std::string>{}, "nobody", "attention", "narrow");
  RoutedModel uniform(model, experts, {.router = "uniform"});
  uniform.exclude(left_out);
  const at::Tensor weighted = logits_of(model, kSources, kTargets);
  model.remove_adapters();
  RoutedModel merged(model, experts, {.router = "merged-product"});
  merged.exclude(left_out);
  const at::Tensor added = logits_of(model, kSources, kTargets);
  CHECK(largest_difference(weighted, added) < 1e-5);
}

TEST_CASE("merged factors are LoRA with the mean factors") {
  Models models;
  const RoutedModel merged(models.model, models.experts, {.router = "merged-factors"});
  const at::Tensor found = models.logits(merged);
  const at::NoGradGuard no_grad;
  const auto groups = linear_groups(models.model.config());
  const ExpertParameters mean = ExpertParameters::load(models.experts[0], groups, at::kCPU);
  for (const std::size_t other : {1, 2}) {
    const ExpertParameters expert = ExpertParameters::load(models.experts[other], groups, at::kCPU);
    for (std::size_t g = 0; g < groups.size(); ++g) {
      mean.groups()[g]->a.add_(expert.groups()[g]->a);
      mean.groups()[g]->b.add_(expert.groups()[g]->b);
    }
  }
  for (const auto& group : mean.groups()) {
    group->a.div_(3);
    group->b.div_(3);
  }
  models.model.remove_adapters();
  mean.attach(models.model);
  CHECK(largest_difference(found, logits_of(models.model, kSources, kTargets)) < 1e-5);
}

TEST_CASE("single is plain LoRA of that expert") {
  Models models;
  const RoutedModel single(models.model, models.some({1}), {.router = "single"});
  const at::Tensor found = models.logits(single);
  CHECK(largest_difference(found, models.plain_lora(models.experts[1], kSources, kTargets)) < 1e-6);
}

TEST_CASE("routers over one expert are plain LoRA, whichever they are") {
  Models models;
  const std::string router = GENERATE(from_range(router_names()));
  CAPTURE(router);
  const RoutedModel routed(models.model, models.some({2}), {.router = router});
  const at::Tensor found = models.logits(routed);
  models.model.remove_adapters();
  CHECK(largest_difference(found, models.plain_lora(models.experts[2], kSources, kTargets)) < 1e-5);
}

TEST_CASE("routers differ from each other") {
  Models models;
  std::vector<at::Tensor> logits;
  for (const char* router : {"phatgoose", "average-activation", "arrow", "retrieval", "uniform", "merged-factors"}) {
    models.model.remove_adapters();
    const RoutedModel routed(models.model, models.experts, {.router = router});
    logits.push_back(models.logits(routed));
  }
  for (std::size_t i = 0; i < logits.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) CHECK(largest_difference(logits[i], logits[j]) > 1e-3);
  }
}

TEST_CASE("a left-out expert is as if the model had been built without it, and comes back") {
  Models models;
  const std::string router = GENERATE(from_range(router_names()));
  const std::size_t out = GENERATE(0, 1, 2);
  CAPTURE(router, out);
  RoutedModel routed(models.model, models.experts, {.router = router});
  const at::Tensor all = models.logits(routed);
  routed.exclude(models.experts[out].name());
  const at::Tensor without = models.logits(routed);
  routed.exclude(models.experts[(out + 1) % 3].name());
  const at::Tensor another = models.logits(routed);
  routed.exclude("an expert of no such name");
  CHECK(at::equal(models.logits(routed), all));
  routed.exclude(std::nullopt);
  CHECK(at::equal(models.logits(routed), all));

  std::vector<std::size_t> rest = {0, 1, 2};
  std::erase(rest, out);
  models.model.remove_adapters();
  const RoutedModel built(models.model, models.some(rest), {.router = router});
  CHECK(largest_difference(without, models.logits(built)) < 1e-5);
  CHECK(largest_difference(without, all) > 1e-3);
  CHECK(largest_difference(without, another) > 1e-3);
}

TEST_CASE("the only expert left out leaves the base") {
  Models models;
  const std::string router = GENERATE(from_range(router_names()));
  CAPTURE(router);
  RoutedModel routed(models.model, models.some({1}), {.router = router});
  routed.exclude("b");
  const at::Tensor found = models.logits(routed);
  CHECK(at::equal(found, models.base()));
}

TEST_CASE("a left-out expert carries no weight in the statistics") {
  Models models;
  const std::string router = GENERATE(from_range(router_names(weights)));
  CAPTURE(router);
  RoutedModel routed(models.model, models.experts, {.router = router});
  routed.exclude("b");
  RoutingStatistics statistics = routed.make_statistics();
  const RoutedModel::Observation observation = routed.observe(statistics);
  models.logits(routed);
  for (std::int64_t l = 0; l < statistics.linears(); ++l) {
    CHECK(statistics.counts()[3 * l + 1] == 0);
    const double total = statistics.weights()[3 * l] + statistics.weights()[3 * l + 2];
    CHECK(total == Approx(static_cast<double>(statistics.tokens()[l])));
  }
}

TEST_CASE("settings changed when loading are those of a model built with them") {
  Models models;
  const std::string router = GENERATE(from_range(router_names(&RouterKind::selects)));
  CAPTURE(router);
  RoutingSettings changes;
  SECTION("k") { changes.k = 1; }
  SECTION("top-p") { changes.top_p = 0.6; }
  SECTION("temperature") { changes.temperature = 0.3; }
  SECTION("k and temperature") {
    changes.k = 3;
    changes.temperature = 2.0;
  }
  RoutedModelPlan plan = models.build_plan(router, "as-built");
  build_routed_model(plan);
  plan.out = models.scratch / "changed";
  plan.routing = plan.routing.overridden_by(changes);
  build_routed_model(plan);
  const at::Tensor as_built = models.logits(models.load("as-built"));
  const at::Tensor changed = models.logits(models.load("as-built", changes));
  CHECK(at::equal(changed, models.logits(models.load("changed"))));
  CHECK_FALSE(at::equal(changed, as_built));
}

TEST_CASE("k given alone takes the place of a top-p as built") {
  Models models;
  RoutedModelPlan plan = models.build_plan("phatgoose", "top-p");
  plan.routing.top_p = 0.6;
  build_routed_model(plan);
  plan.out = models.scratch / "k";
  plan.routing = {.k = 1};
  build_routed_model(plan);
  const at::Tensor expected = models.logits(models.load("k"));
  CHECK(at::equal(models.logits(models.load("top-p", {.k = 1})), expected));
}

TEST_CASE("experts enabled when loading are those of a model built with them") {
  Models models;
  const std::string router = GENERATE(from_range(router_names()));
  CAPTURE(router);
  const std::vector<std::string> names =
      router == "single" ? std::vector<std::string>{"c"} : std::vector<std::string>{"c", "a"};
  RoutedModelPlan plan = models.build_plan(router, "all");
  if (router == "single") plan.routing.enabled = {"a"};
  build_routed_model(plan);
  plan.out = models.scratch / "some";
  plan.routing.enabled = names;
  build_routed_model(plan);
  const RoutedModel some = models.load("some");
  const at::Tensor expected = models.logits(some);
  const RoutedModel changed = models.load("all", {.enabled = names});
  CHECK(changed.expert_names() == some.expert_names());
  CHECK(at::equal(models.logits(changed), expected));
  CHECK_FALSE(at::equal(models.logits(models.load("all")), expected));
}

TEST_CASE("settings that a router does not take are usage errors") {
  Models models;
  const std::string router = GENERATE(from_range(router_names(selects_nothing)));
  CAPTURE(router);
  RoutedModelPlan plan = models.build_plan(router, "built");
  if (router == "single") plan.routing.enabled = {"a"};
  build_routed_model(plan);
  const auto refused = [&](const RoutingSettings& changes, const char* says) {
    CHECK_THROWS_MATCHES(models.load("built", changes), Error, FailsWith(ExitCode::usage, says));
  };
  refused({.k = 1}, "selects nothing");
  refused({.top_p = 0.5}, "selects nothing");
  refused({.temperature = 2.0}, "selects nothing");
  refused({.enabled = {"aa"}}, "no expert is called");
}

TEST_CASE("single stays with one expert when others are enabled") {
  Models models;
  RoutedModelPlan plan = models.build_plan("single", "built");
  plan.routing.enabled = {"a"};
  build_routed_model(plan);
  CHECK_THROWS_MATCHES(models.load("built", {.enabled = {"a", "b"}}), Error,
                       FailsWith(ExitCode::usage, "2 enabled experts"));
}

}  // namespace phatgoose
