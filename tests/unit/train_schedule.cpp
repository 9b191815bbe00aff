#include "phatgoose/train/schedule.h"

#include <catch2/catch.hpp>
#include <cmath>

namespace phatgoose {
namespace {

TEST_CASE("the rate rises from 0 over the warm-up and then stays") {
  const Schedule schedule{.peak = 5e-3, .steps = 1000, .warmup_steps = 60};
  CHECK(learning_rate(schedule, 0) == 0.0);
  CHECK(learning_rate(schedule, 1) == Approx(5e-3 / 60));
  CHECK(learning_rate(schedule, 59) == Approx(5e-3 * 59 / 60));
  CHECK(learning_rate(schedule, 60) == 5e-3);
  CHECK(learning_rate(schedule, 999) == 5e-3);
}

TEST_CASE("without warm-up the first step has the full rate") {
  CHECK(learning_rate({.peak = 1.0, .steps = 10, .warmup_steps = 0}, 0) == 1.0);
}

TEST_CASE("the inverse square root meets the peak at the end of the warm-up") {
  const Schedule schedule{.peak = 2.0, .steps = 1000, .warmup_steps = 100, .shape = ScheduleShape::inverse_sqrt};
  CHECK(learning_rate(schedule, 50) == Approx(1.0));
  CHECK(learning_rate(schedule, 100) == Approx(2.0));
  CHECK(learning_rate(schedule, 400) == Approx(1.0));
  CHECK(std::isfinite(learning_rate({.peak = 1, .warmup_steps = 0, .shape = ScheduleShape::inverse_sqrt}, 0)));
}

TEST_CASE("the decay ends at the last step") {
  const Schedule schedule{.peak = 1.0, .steps = 100, .warmup_steps = 0, .decay_steps = 50};
  CHECK(learning_rate(schedule, 50) == 1.0);
  CHECK(learning_rate(schedule, 75) == Approx(0.5));
  CHECK(learning_rate(schedule, 99) == Approx(0.02));
}

TEST_CASE("a decay over all steps after the warm-up begins at the peak") {
  const Schedule schedule{.peak = 2.0, .steps = 100, .warmup_steps = 20, .decay_steps = 80};
  CHECK(learning_rate(schedule, 0) == 0.0);
  CHECK(learning_rate(schedule, 10) == Approx(1.0));
  CHECK(learning_rate(schedule, 20) == 2.0);
  CHECK(learning_rate(schedule, 60) == Approx(1.0));
  CHECK(learning_rate(schedule, 99) == Approx(2.0 / 80));
}

TEST_CASE("shares of the steps are rounded down, but not by floating point") {
  CHECK(ratio_of_steps(0.06, 1000) == 60);
  CHECK(ratio_of_steps(0.06, 99) == 5);
  CHECK(ratio_of_steps(0.06, 10) == 0);
  CHECK(ratio_of_steps(0.29, 100) == 29);
  CHECK(ratio_of_steps(1, 7) == 7);
}

}  // namespace
}  // namespace phatgoose
