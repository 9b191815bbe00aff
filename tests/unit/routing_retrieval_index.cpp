// The nearest stored example against a loop over all of them.
#include "phatgoose/routing/retrieval_index.h"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>
#include <cmath>

#include "phatgoose/base/error.h"
#include "support/fails_with.h"
#include "support/router_experts.h"

namespace phatgoose {
namespace {

using test::FailsWith;
using test::random_unit_rows;

/// The examples of several experts as an index takes them; `parts` must stay alive.
std::vector<StoredEmbeddings> stored(const std::vector<at::Tensor>& parts, const std::string& fingerprint = "f") {
  std::vector<StoredEmbeddings> embeddings;
  for (const at::Tensor& part : parts) embeddings.push_back({to_named("e", part).view, "tiny", fingerprint, nullptr});
  return embeddings;
}

/// One query, one expert, one example at a time, in fp64; an equally near example of a later expert changes nothing.
std::int64_t by_loop(const std::vector<at::Tensor>& parts, const at::Tensor& query, std::int64_t excluded) {
  std::int64_t nearest = -1;
  double best = -2.0;
  for (std::size_t e = 0; e < parts.size(); ++e) {
    if (static_cast<std::int64_t>(e) == excluded) continue;
    for (std::int64_t i = 0; i < parts[e].size(0); ++i) {
      const double cosine = parts[e][i].to(at::kDouble).dot(query.to(at::kDouble)).item<double>();
      if (cosine <= best) continue;
      best = cosine;
      nearest = static_cast<std::int64_t>(e);
    }
  }
  return nearest;
}

}  // namespace

TEST_CASE("an input goes to the expert that owns the nearest example") {
  at::manual_seed(41);
  const std::int64_t size = GENERATE(3, 32, 384);
  std::vector<at::Tensor> parts;
  for (const std::int64_t examples : {1, 40, 7, 100, 13}) parts.push_back(random_unit_rows(examples, size));
  const at::Tensor queries = random_unit_rows(60, size);
  const RetrievalIndex index(stored(parts));
  for (const std::int64_t excluded : {-1, 0, 1, 3, 4}) {
    CAPTURE(size, excluded);
    const std::vector<std::int64_t> nearest = index.nearest_experts(queries, excluded);
    REQUIRE(nearest.size() == 60);
    for (std::int64_t query = 0; query < 60; ++query) CHECK(nearest[query] == by_loop(parts, queries[query], excluded));
  }
}

TEST_CASE("of equally near examples the lower expert's counts, wherever they lie") {
  at::manual_seed(42);
  const std::int64_t size = GENERATE(5, 64, 384), rows = GENERATE(1, 3, 17, 50);
  const at::Tensor shared = random_unit_rows(rows, size);
  for (const std::int64_t before : {0, 1, 6, 15, 33}) {
    CAPTURE(size, rows, before);
    // Expert 0 owns others, far away; experts 1, 2 and 3 own the same examples, at different places.
    const at::Tensor far = -shared.narrow(0, 0, 1).repeat({before + 1, 1});
    const std::vector<at::Tensor> parts = {far, shared, at::cat({far, shared.flip(0)}), shared};
    const RetrievalIndex index(stored(parts));
    const at::Tensor queries = shared;
    for (const std::int64_t expert : index.nearest_experts(queries)) CHECK(expert == 1);
    for (const std::int64_t expert : index.nearest_experts(queries, 1)) CHECK(expert == 2);
    for (std::int64_t query = 0; query < rows; ++query) {  // in no company
      CHECK(index.nearest_experts(queries.narrow(0, query, 1)) == std::vector<std::int64_t>{1});
    }
  }
}

TEST_CASE("an excluded expert owns nothing, and without examples there is no expert") {
  at::manual_seed(43);
  const std::vector<at::Tensor> parts = {random_unit_rows(2, 8), random_unit_rows(3, 8)};
  const RetrievalIndex both(stored(parts));
  CHECK(both.nearest_experts(parts[0], 0) == std::vector<std::int64_t>{1, 1});
  CHECK(both.nearest_experts(at::zeros({0, 8})).empty());
  const RetrievalIndex one(stored({parts[0]}));
  CHECK(one.nearest_experts(parts[1], 0) == std::vector<std::int64_t>{-1, -1, -1});
}

TEST_CASE("scores of inputs are 0 for their expert and minus infinity for the others") {
  at::manual_seed(44);
  const std::vector<at::Tensor> parts = {random_unit_rows(2, 8), random_unit_rows(2, 8), random_unit_rows(2, 8)};
  const RetrievalIndex index(stored(parts));
  const at::Tensor queries = at::cat({parts[2], parts[0], parts[1]});
  const std::vector<std::int64_t> owners = {2, 2, 0, 0, 1, 1};
  const at::Tensor scores = index.scores(queries, -1);
  REQUIRE(scores.sizes() == at::IntArrayRef({6, 3}));
  for (std::int64_t query = 0; query < 6; ++query) {
    for (std::int64_t e = 0; e < 3; ++e) {
      CHECK(scores[query][e].item<float>() == (e == owners[query] ? 0.0F : -INFINITY));
    }
  }
  CHECK(index.encoder().name == "tiny");
  CHECK(index.encoder().fingerprint == "f");
  CHECK(index.encoder().dimension == 8);
  const at::Tensor alone = RetrievalIndex(stored({parts[0]})).scores(queries, 0);
  CHECK(at::isneginf(alone).all().item<bool>());
}

TEST_CASE("embeddings of different encoders are never compared") {
  at::manual_seed(45);
  const std::vector<at::Tensor> parts = {random_unit_rows(2, 8), random_unit_rows(2, 8)};
  std::vector<StoredEmbeddings> mixed = stored(parts);
  mixed[1].encoder_fingerprint = "g";
  CHECK_THROWS_MATCHES(RetrievalIndex(mixed), Error, FailsWith(ExitCode::bad_data, "tiny"));
  const std::vector<at::Tensor> unequal = {parts[0], random_unit_rows(2, 9)};
  CHECK_THROWS_MATCHES(RetrievalIndex(stored(unequal)), Error, FailsWith(ExitCode::bad_data, "9 numbers"));
}

}  // namespace phatgoose
