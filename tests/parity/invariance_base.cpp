// What the base computes for a row does not depend on the rows around it, their order, the passes or the threads.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include <catch2/catch.hpp>

#include "forward.h"
#include "golden.h"

namespace phatgoose::parity {
namespace {

using Rows = std::vector<TokenIds>;
using Order = std::vector<std::size_t>;

std::string plain_model() { return GENERATE("t5_v1_1", "t5_v1_0"); }

Rows select(const Rows& rows, const Order& order) {
  Rows selected;
  for (const auto row : order) selected.push_back(rows[row]);
  return selected;
}

/// The tokens of the rows in `order`, from a tensor that holds the tokens of all `rows`.
at::Tensor select_tokens(const at::Tensor& tokens, const Rows& rows, const Order& order) {
  const auto packing = pack_ids(rows, at::kCPU).packing;
  std::vector<at::Tensor> parts;
  for (const auto row : order) {
    const auto i = static_cast<std::int64_t>(row);
    parts.push_back(tokens.narrow(0, packing.offset(i), packing.length(i)));
  }
  return at::cat(parts);
}

/// Every row alone, pairs, a reversal, a row twice.
std::vector<Order> orders() { return {{0}, {1}, {2}, {3}, {4}, {2, 1}, {0, 4}, {4, 3, 2, 1, 0}, {3, 0, 3, 2}}; }

TEST_CASE("Encoder states do not depend on batch size, order and neighbours", "[invariance]") {
  const auto name = plain_model();
  CAPTURE(name);
  const auto model = load_model(name);
  const auto sources = Golden(name).rows("sources");
  const at::NoGradGuard no_gradients;
  const auto together = model.encode_states(pack_ids(sources, at::kCPU));
  for (const auto& order : orders()) {
    CAPTURE(order);
    const auto states = model.encode_states(pack_ids(select(sources, order), at::kCPU));
    CHECK(relative_difference(states, select_tokens(together, sources, order)) < kTolerance);
  }
}

TEST_CASE("Logits do not depend on batch size, order and neighbours", "[invariance]") {
  const auto name = plain_model();
  CAPTURE(name);
  const auto model = load_model(name);
  const Golden golden(name);
  const auto sources = golden.rows("sources");
  const auto targets = golden.rows("targets");
  const auto together = forward_logits(model, sources, targets);
  for (const auto& order : orders()) {
    CAPTURE(order);
    const auto logits = forward_logits(model, select(sources, order), select(targets, order));
    CHECK(relative_difference(logits, select_tokens(together, targets, order)) < kTolerance);
  }
}

TEST_CASE("Targets that share a source are decoded as if each had its own", "[invariance]") {
  const auto name = plain_model();
  CAPTURE(name);
  const auto model = load_model(name);
  const Golden golden(name);
  const auto sources = golden.rows("sources");
  const auto targets = golden.rows("targets");
  const at::NoGradGuard no_gradients;
  const std::vector<std::int64_t> source_rows = {1, 1, 1, 3, 4};
  const auto inputs = pack_decoder_inputs(targets, model.config().decoder_start_token_id, at::kCPU);
  const auto shared = model.logits(model.decode(inputs, model.encode(pack_ids(sources, at::kCPU)), source_rows));
  const auto copied = forward_logits(model, select(sources, {1, 1, 1, 3, 4}), targets);
  CHECK(relative_difference(shared, copied) < kTolerance);
}

TEST_CASE("Loss and gradients do not depend on the micro-batches", "[invariance]") {
  const auto name = plain_model();
  CAPTURE(name);
  const Golden golden(name);
  const auto sources = golden.rows("sources");
  const auto targets = golden.rows("targets");
  const auto tokens = static_cast<double>(token_count(targets));

  const auto whole = load_model(name);
  require_gradients(whole);
  const auto expected_loss = mean_loss(whole, sources, targets);
  expected_loss.backward();
  const auto expected = base_gradients(whole);

  const std::vector<Order> passes =
      GENERATE(std::vector<Order>{{0}, {1}, {2}, {3}, {4}}, std::vector<Order>{{4, 1}, {3, 0, 2}});
  CAPTURE(passes);
  const auto split = load_model(name);
  require_gradients(split);
  double total = 0;
  for (const auto& pass : passes) {
    const auto loss = loss_sum(split, select(sources, pass), select(targets, pass)) / tokens;
    loss.backward();
    total += loss.item<double>();
  }
  CHECK(total == Approx(expected_loss.item<double>()).epsilon(kTolerance));
  for (const auto& [parameter, gradient] : base_gradients(split)) {
    CAPTURE(parameter);
    CHECK(relative_difference(gradient, expected.at(parameter)) < kTolerance);
  }
}

TEST_CASE("Logits and gradients do not depend on the number of threads", "[invariance]") {
  const auto name = plain_model();
  CAPTURE(name);
  const Golden golden(name);
  const auto sources = golden.rows("sources");
  const auto targets = golden.rows("targets");
  const int threads_before = at::get_num_threads();
  at::Tensor logits[2];
  std::map<std::string, at::Tensor> gradients[2];
  for (const int i : {0, 1}) {
    at::set_num_threads(i == 0 ? 1 : 3);
    const auto model = load_model(name);
    logits[i] = forward_logits(model, sources, targets);
    require_gradients(model);
    mean_loss(model, sources, targets).backward();
    gradients[i] = base_gradients(model);
  }
  at::set_num_threads(threads_before);
  CHECK(relative_difference(logits[1], logits[0]) < kTolerance);
  for (const auto& [parameter, gradient] : gradients[1]) {
    CAPTURE(parameter);
    CHECK(relative_difference(gradient, gradients[0].at(parameter)) < kTolerance);
  }
}

}  // namespace
}  // namespace phatgoose::parity
