// Routers of METHODS section 4 against `peft` and `transformers` (tests/oracle/make_router_goldens.py).
#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include "forward.h"
#include "golden.h"
#include "golden_experts.h"
#include "phatgoose/adapters/expert_parameters.h"
#include "phatgoose/jobs/prepare_job.h"
#include "phatgoose/nn/tensor_bridge.h"
#include "phatgoose/routing/arrow_router.h"
#include "phatgoose/routing/description_scorer.h"
#include "phatgoose/routing/mean_inputs.h"
#include "phatgoose/routing/phatgoose_router.h"
#include "phatgoose/routing/retrieval_index.h"
#include "phatgoose/routing/routed_model.h"
#include "support/router_experts.h"

namespace phatgoose::parity {
namespace {

using test::ScratchDirectory;

RoutingSettings peft_routing(const Json& settings) {
  return {.router = "arrow",
          .k = settings.at("top_k").get<std::int64_t>(),
          .temperature = settings.value("router_temperature", 1.0)};
}

/// Copies of the golden experts, with the directions that `peft` computed of them.
std::vector<ExpertDirectory> arrow_experts(const Golden& golden, const ScratchDirectory& scratch) {
  std::vector<ExpertDirectory> experts;
  for (const auto& name : golden.numbers().at("experts").get<std::vector<std::string>>()) {
    fs::copy(golden_path("arrow/experts/" + name), scratch / name, fs::copy_options::recursive);
    std::map<std::string, at::Tensor> directions;
    const std::string start = "prototype." + name + ".";
    for (const auto& path : golden.names_after(start)) directions[path] = golden.tensor(start + path);
    test::write_vector_file(scratch / name / "arrow.safetensors", directions);
    experts.push_back(ExpertDirectory::open(scratch / name));
  }
  return experts;
}

at::Tensor dense_product(const LoraEntry& lora) {
  return at::mm(to_tensor(lora.b, at::kCPU, at::kDouble), to_tensor(lora.a, at::kCPU, at::kDouble));  // [out, in]
}

/// Length of B A v, to which no other unit vector gives more than the top right singular vector.
double stretch(const at::Tensor& product, const at::Tensor& v) {
  return at::mv(product, v.to(at::kDouble)).norm().item<double>();
}

at::Tensor our_direction(const LoraEntry& lora) {
  return arrow_direction(to_tensor(lora.a, at::kCPU, at::kFloat), to_tensor(lora.b, at::kCPU, at::kFloat));
}

void check_direction(const LoraEntry& lora, const at::Tensor& direction) {
  const auto [left, values, right] = at::linalg_svd(dense_product(lora), false);
  const auto cosine = right[0].dot(direction.to(at::kDouble)).abs().item<double>();
  CHECK(std::abs(cosine - 1.0) < 1e-6);
  const at::Tensor sign = right[0].dot(direction.to(at::kDouble)).sign();
  CHECK(relative_difference(direction * sign, right[0]) < kTolerance);
}

TEST_CASE("Arrow with the prototypes of peft gives the logits and the weights of peft", "[routers]") {
  const Golden golden("arrow");
  const ScratchDirectory scratch;
  const auto experts = arrow_experts(golden, scratch);
  const auto count = static_cast<std::int64_t>(experts.size());
  auto model = load_model("t5_v1_1");
  for (const auto& [name, settings] : golden.numbers().at("settings").items()) {
    CAPTURE(name);
    const RoutedModel routed(model, experts, peft_routing(settings));
    RoutingStatistics statistics = routed.make_statistics();
    const RoutedModel::Observation observation = routed.observe(statistics);
    const auto logits = forward_logits(model, golden.rows("sources"), golden.rows("targets"));
    CHECK(relative_difference(logits, golden.tensor("logits." + name)) < kTolerance);

    const at::Tensor sums = at::tensor(statistics.weights(), at::kDouble).view({-1, count});  // [linears, E]
    const auto& paths = routed.linear_paths();
    CHECK(golden.names_after("sums." + name + ".").size() == paths.size());
    for (std::size_t l = 0; l < paths.size(); ++l) {
      CAPTURE(paths[l]);
      const at::Tensor expected = golden.tensor("sums." + name + "." + paths[l]);
      CHECK(relative_difference(sums[static_cast<std::int64_t>(l)], expected) < kTolerance);
    }
  }
}

TEST_CASE("Arrow weighs every token as peft does", "[routers]") {
  const Golden golden("arrow");
  const auto watched = golden.numbers().at("watched").get<std::string>();
  std::vector<at::Tensor> prototypes;
  for (const auto& name : golden.numbers().at("experts").get<std::vector<std::string>>()) {
    prototypes.push_back(golden.tensor("prototype." + name + "." + watched));
  }
  const ArrowRouter router(at::stack(prototypes));
  const at::Tensor inputs = golden.tensor("inputs");
  const Packing packing = Packing::of_lengths(std::vector<std::int64_t>{inputs.size(0)});
  const at::Tensor scores = router.scores(inputs, Pass{packing});
  for (const auto& [name, settings] : golden.numbers().at("settings").items()) {
    CAPTURE(name);
    const Selection chosen = select_experts(scores, peft_routing(settings).selection());
    const at::Tensor weights =
        at::zeros_like(scores).scatter_(1, chosen.columns.to(at::kLong), chosen.weights);  // [N, E]
    CHECK(relative_difference(weights, golden.tensor("weights." + name)) < kTolerance);
  }
}

TEST_CASE("Directions are the top right singular vectors of the dense products", "[routers]") {
  for (const auto& expert : all_golden_experts()) {
    for (const auto& [path, lora] : expert.loras()) {
      CAPTURE(expert.name(), path);
      check_direction(lora, our_direction(lora));
    }
  }
}

TEST_CASE("Exact directions stretch at least as far as those of peft's power iterations", "[routers]") {
  const Golden golden("arrow");
  const ScratchDirectory scratch;
  for (const auto& expert : arrow_experts(golden, scratch)) {
    const LinearVectors theirs = expert.vectors("arrow.safetensors");
    for (const auto& [path, lora] : expert.loras()) {
      CAPTURE(expert.name(), path);
      const at::Tensor product = dense_product(lora);
      const at::Tensor ours = our_direction(lora);
      const at::Tensor other = to_tensor(theirs.by_path.at(path), at::kCPU, at::kDouble);
      CHECK(stretch(product, ours) >= stretch(product, other) * (1 - 1e-6));
      CHECK(stretch(product, other) > 0.9 * stretch(product, ours));
    }
  }
}

TEST_CASE("Mean inputs are those that hooks on transformers see, the expert active", "[routers]") {
  const Golden golden("mean_inputs");
  std::vector<Example> examples;
  for (std::size_t row = 0; row < golden.rows("sources").size(); ++row) {
    examples.push_back({golden.rows("sources")[row], golden.rows("targets")[row]});
  }
  auto model = load_model("t5_v1_1");
  const std::int64_t token_limit = GENERATE(1, 40, 4096);
  for (const auto& name : golden.numbers().at("experts").get<std::vector<std::string>>()) {
    const auto expert = ExpertDirectory::open(golden_path("experts/" + name));
    ExpertParameters::load(expert, linear_groups(model.config()), at::kCPU).attach(model);
    const auto before = forward_logits(model, golden.rows("sources"), golden.rows("targets"));
    const auto means = mean_inputs(model, examples, token_limit);
    CHECK(at::equal(forward_logits(model, golden.rows("sources"), golden.rows("targets")), before));
    std::size_t compared = 0;
    for (std::size_t g = 0; g < means.size(); ++g) {
      for (const auto& linear : model.groups()[g]->spec().linears) {
        if (!expert.loras().contains(linear.path)) continue;
        CAPTURE(name, linear.path, token_limit);
        CHECK(relative_difference(means[g], golden.tensor(name + "." + linear.path)) < kTolerance);
        ++compared;
      }
    }
    CHECK(compared == golden.names_after(name + ".").size());
    CHECK(compared == expert.loras().size());
  }
}

TEST_CASE("phatgoose prepare writes these mean inputs and directions", "[routers]") {
  const Golden golden("mean_inputs");
  const ScratchDirectory scratch;
  fs::copy(golden_path("experts/wide"), scratch / "wide", fs::copy_options::recursive);
  std::string rows;
  for (std::size_t row = 0; row < golden.rows("sources").size(); ++row) {
    const Json line = {{"input_ids", golden.rows("sources")[row]}, {"target_ids", golden.rows("targets")[row]}};
    rows += line.dump() + "\n";
  }
  test::write_text(scratch / "rows.jsonl", rows);
  PrepareSettings settings;
  settings.model = golden_path("t5_v1_1/model");
  settings.experts = {scratch / "wide"};
  settings.router = "arrow";
  prepare_experts(settings, at::kCPU, at::kFloat);
  settings.router = "average-activation";
  settings.data = {scratch / "rows.jsonl"};
  prepare_experts(settings, at::kCPU, at::kFloat);

  const auto expert = ExpertDirectory::open(scratch / "wide");
  const auto directions = expert.vectors("arrow.safetensors"), means = expert.vectors("average-activation.safetensors");
  REQUIRE(directions.by_path.size() == expert.loras().size());
  REQUIRE(means.by_path.size() == expert.loras().size());
  for (const auto& [path, lora] : expert.loras()) {
    CAPTURE(path);
    check_direction(lora, to_tensor(directions.by_path.at(path), at::kCPU, at::kFloat));
    CHECK(relative_difference(to_tensor(means.by_path.at(path), at::kCPU, at::kFloat), golden.tensor("wide." + path)) <
          kTolerance);
  }
}

/// The names of the experts that own the examples nearest to the queries.
std::vector<std::string> nearest_names(const RetrievalIndex& index, const std::vector<std::string>& names,
                                       const at::Tensor& queries, std::int64_t excluded) {
  std::vector<std::string> nearest;
  for (const auto expert : index.nearest_experts(queries, excluded)) nearest.push_back(names.at(expert));
  return nearest;
}

TEST_CASE("Retrieval chooses as brute force in NumPy does", "[routers]") {
  const Golden golden("retrieval");
  const auto names = golden.numbers().at("experts").get<std::vector<std::string>>();
  std::vector<at::Tensor> examples;
  std::vector<StoredEmbeddings> stored;
  for (const auto& name : names) {
    examples.push_back(golden.tensor("examples." + name));
    stored.push_back({to_named("e", examples.back()).view, "tiny", "f", nullptr});
  }
  const RetrievalIndex index(stored);
  const at::Tensor queries = golden.tensor("queries");
  CHECK(Json(nearest_names(index, names, queries, -1)) == golden.numbers().at("nearest"));
  for (std::size_t e = 0; e < names.size(); ++e) {
    CAPTURE(names[e]);
    const Json& expected = golden.numbers().at("nearest_without").at(names[e]);
    CHECK(Json(nearest_names(index, names, queries, static_cast<std::int64_t>(e))) == expected);
  }
}

}  // namespace
TEST_CASE("GLIDER's scores are those of a direct computation") {
  const Golden golden("glider");
  std::vector<TokenIds> ids;
  for (const auto length : golden.numbers().at("lengths").get<std::vector<std::size_t>>()) ids.emplace_back(length, 1);
  const PackedIds packed = pack_ids(ids, at::kCPU);
  const PhatgooseRouter router(golden.tensor("gates"));
  const at::Tensor local = router.scores(golden.tensor("tokens"), {packed.packing});  // [N, E]
  const std::vector<at::Tensor> experts = golden.tensor("experts").split(1);
  std::vector<StoredEmbeddings> descriptions;
  for (const at::Tensor& expert : experts) {
    descriptions.push_back({to_named("e", expert).view, "golden", "f", nullptr});
  }
  for (const auto& alpha : golden.numbers().at("alphas").get<std::vector<std::string>>()) {
    CAPTURE(alpha);
    const DescriptionScorer scorer(descriptions, parse_alpha(alpha));
    const at::Tensor global = scorer.scores(golden.tensor("rows"), -1);  // [rows, E]
    const at::Tensor scores = local + global.index_select(0, packed.packing.row_of_tokens());
    const at::Tensor expected = golden.tensor("scores." + alpha);  // fp64
    const at::Tensor differences = (scores.to(at::kDouble) - expected).abs() / expected.abs().clamp_min(1);
    CHECK(differences.max().item<double>() < 1e-6);
  }
}

}  // namespace phatgoose::parity
