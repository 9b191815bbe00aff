// GLIDER between its ends, which are the token-level router alone and the expert whose description fits best; and the
// consensus of gates against a loop over tokens and linears.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <catch2/catch.hpp>

#include "phatgoose/adapters/expert_parameters.h"
#include "phatgoose/routing/routed_model.h"
#include "phatgoose/routing/token_trace.h"
#include "phatgoose/store/stored_embeddings.h"
#include "support/router_experts.h"
#include "support/tiny_t5.h"

namespace phatgoose {
namespace {

using test::largest_difference;
using test::logits_of;

const std::vector<TokenIds> kGlided{{5, 6, 7, 1}, {9, 40, 41, 42, 8, 7, 1}, {11, 1}};
const std::vector<TokenIds> kAnswers{{8, 9, 1}, {30, 1}, {12, 13, 1}};

struct Library {
  Library() { experts = test::write_router_experts(scratch.path(), model.config(), {"a", "b", "c"}); }

  /// Logits of the rows, of which row i is described as expert i is.
  at::Tensor logits(const RoutingSettings& settings) {
    model.remove_adapters();
    const RoutedModel routed(model, experts, settings);
    std::vector<at::Tensor> rows;
    for (const ExpertDirectory& expert : experts) {
      const StoredEmbeddings stored = read_embeddings(expert.path() / "description.safetensors");
      rows.push_back(to_tensor(stored.embeddings, at::kCPU, at::kFloat)[0]);
    }
    return logits_of(model, kGlided, kAnswers,
                     routed.input_scorer() != nullptr ? routed.input_scores(at::stack(rows)) : at::Tensor());
  }

  test::ScratchDirectory scratch;
  T5Model model = test::tiny_model();
  std::vector<ExpertDirectory> experts;
};

TEST_CASE("with alpha 0 GLIDER is its token-level router, to the bit") {
  Library library;
  const auto [glider, local] = GENERATE(table<std::string, std::string>(
      {{"glider", "phatgoose"}, {"glider-average-activation", "average-activation"}, {"glider-arrow", "arrow"}}));
  CAPTURE(glider);
  RoutingSettings selection;
  SECTION("k 1") { selection.k = 1; }
  SECTION("k 2") {}
  SECTION("k 3") { selection.k = 3; }
  SECTION("top-p .25") { selection.top_p = 0.25; }
  SECTION("top-p .5") { selection.top_p = 0.5; }
  SECTION("top-p .75") { selection.top_p = 0.75; }
  const at::Tensor without = library.logits(selection.overridden_by({.router = local}));
  CHECK(at::equal(library.logits(selection.overridden_by({.router = glider, .global_alpha = "0"})), without));
  CHECK_FALSE(at::equal(library.logits(selection.overridden_by({.router = glider, .global_alpha = "3"})), without));
}

TEST_CASE("with a very large alpha GLIDER is task retrieval: each row is like its own expert alone") {
  Library library;
  const at::Tensor together = library.logits({.router = "glider", .global_alpha = "1e6"});
  const Packing packing = pack_ids(kAnswers, at::kCPU).packing;
  for (std::size_t row = 0; row < kGlided.size(); ++row) {
    library.model.remove_adapters();
    ExpertParameters::load(library.experts[row], linear_groups(library.model.config()), at::kCPU).attach(library.model);
    const at::Tensor alone = logits_of(library.model, {kGlided[row]}, {kAnswers[row]});
    const auto i = static_cast<std::int64_t>(row);
    CHECK(largest_difference(together.narrow(0, packing.offset(i), packing.length(i)), alone) < 1e-5);
  }
}

/// Scores every token of a group's input with the gates of all experts, one at a time.
class ScoringLoop : public Adapter {
 public:
  ScoringLoop(std::vector<at::Tensor> gates, std::vector<double>& sums, std::int64_t& count)
      : gates_(std::move(gates)), sums_(&sums), count_(&count) {}

  at::Tensor apply(const at::Tensor& u, const at::Tensor& y, const Pass& /*pass*/) const override {
    const auto standardised = [](const at::Tensor& x) {
      const at::Tensor centred = x.to(at::kDouble) - x.to(at::kDouble).mean();
      return centred / (centred.square().mean() + 1e-5).sqrt();
    };
    for (std::int64_t token = 0; token < u.size(0); ++token) {
      for (std::size_t g = 0; g < gates_.size(); ++g) {
        const double size = static_cast<double>(u.size(1));
        (*sums_)[g % sums_->size()] +=
            standardised(u[token]).dot(standardised(gates_[g])).item<double>() / std::sqrt(size);
      }
      *count_ += static_cast<std::int64_t>(gates_.size() / sums_->size());
    }
    return y;
  }

 private:
  std::vector<at::Tensor> gates_;  // linear by linear, and of each expert by expert
  std::vector<double>* sums_;
  std::int64_t* count_;
};

TEST_CASE("the consensus of a row is the mean score of its tokens over the encoder, in a pass of the base") {
  Library library;
  const T5Model& model = library.model;
  RoutedModel routed(library.model, library.experts, {.router = "consensus", .global_alpha = "2"});
  const PackedIds packed = pack_ids(kGlided, at::kCPU);
  const at::Tensor consensus = routed.consensus(model, packed);
  REQUIRE(consensus.sizes() == at::IntArrayRef({3, 3}));
  const at::Tensor routed_logits = logits_of(model, kGlided, kAnswers);  // the first pass has left nothing behind
  CHECK(at::equal(routed.consensus(model, packed), consensus));
  CHECK(at::equal(logits_of(model, kGlided, kAnswers), routed_logits));

  library.model.remove_adapters();
  for (std::size_t row = 0; row < kGlided.size(); ++row) {
    std::vector<double> sums(3, 0);
    std::int64_t count = 0;
    for (LinearGroup* group : library.model.groups()) {
      std::vector<at::Tensor> gates;
      for (const LinearSpec& linear : group->spec().linears) {
        for (const ExpertDirectory& expert : library.experts) {
          const LinearVectors vectors = expert.vectors("gate.safetensors");
          gates.push_back(to_tensor(vectors.by_path.at(linear.path), at::kCPU, at::kFloat));
        }
      }
      group->set_adapter(std::make_shared<ScoringLoop>(std::move(gates), sums, count));
    }
    model.encode_states(pack_ids(std::vector<TokenIds>{kGlided[row]}, at::kCPU));
    for (std::size_t e = 0; e < 3; ++e) {
      CHECK(consensus[static_cast<std::int64_t>(row)][static_cast<std::int64_t>(e)].item<double>() ==
            Approx(2 * sums[e] / static_cast<double>(count)).margin(1e-5));
    }
  }
}

}  // namespace
}  // namespace phatgoose
