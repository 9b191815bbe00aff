#include "phatgoose/train/best_checkpoint.h"

#include <catch2/catch.hpp>

#include "support/fails_with.h"

namespace phatgoose {
namespace {

TEST_CASE("without accuracy the lowest loss is the best, ties go to the later") {
  BestCheckpoint best;
  CHECK_FALSE(best.step());
  CHECK(best.offer(100, {.loss = 2.0}));
  CHECK_FALSE(best.offer(200, {.loss = 2.5}));
  CHECK(best.offer(300, {.loss = 2.0}));
  CHECK(best.step() == 300);
  CHECK(best.offer(400, {.loss = 1.0}));
  CHECK(best.validation().loss == 1.0);
}

TEST_CASE("the highest accuracy is the best whatever the loss, ties go to the later") {
  BestCheckpoint best;
  CHECK(best.offer(100, {.loss = 1.0, .accuracy = 0.5}));
  CHECK_FALSE(best.offer(200, {.loss = 0.1, .accuracy = 0.4}));
  CHECK(best.offer(300, {.loss = 9.0, .accuracy = 0.5}));
  CHECK(best.step() == 300);
}

TEST_CASE("the best so far survives a checkpoint") {
  BestCheckpoint best;
  CHECK(best.to_json().is_null());
  CHECK_FALSE(BestCheckpoint::from_json(best.to_json()).step());
  best.offer(7, {.loss = 0.1 + 0.2, .accuracy = 1.0 / 3});
  const Json stored = Json::parse(best.to_json().dump());
  BestCheckpoint restored = BestCheckpoint::from_json(stored);
  CHECK(restored.step() == 7);
  CHECK(restored.validation().loss == best.validation().loss);
  CHECK(restored.validation().accuracy == best.validation().accuracy);
  CHECK_FALSE(restored.offer(8, {.loss = 0, .accuracy = 0.33}));
  CHECK_THROWS_MATCHES(BestCheckpoint::from_json({{"step", 1}}), Error,
                       test::FailsWith(ExitCode::bad_data, "validation_loss"));
}

}  // namespace
}  // namespace phatgoose
