#include "phatgoose/train/metrics_log.h"

#include <catch2/catch.hpp>

#include "support/fails_with.h"
#include "support/scratch_directory.h"

namespace phatgoose {
namespace {

TEST_CASE("lines behind the checkpoint are cut off and written anew") {
  const test::ScratchDirectory scratch;
  const fs::path path = scratch / "metrics.jsonl";
  std::int64_t at_checkpoint = 0;
  {
    MetricsLog log(path, 0);
    log.append({{"step", 1}, {"loss", 0.5}});
    at_checkpoint = log.size();
    log.append({{"step", 2}, {"loss", 0.25}});
  }
  CHECK(test::read_text(path) == "{\"step\":1,\"loss\":0.5}\n{\"step\":2,\"loss\":0.25}\n");
  MetricsLog log(path, at_checkpoint);
  CHECK(test::read_text(path) == "{\"step\":1,\"loss\":0.5}\n");
  log.append({{"step", 2}});
  log.sync();
  CHECK(test::read_text(path) == "{\"step\":1,\"loss\":0.5}\n{\"step\":2}\n");
}

TEST_CASE("a log that has lost lines is refused") {
  const test::ScratchDirectory scratch;
  test::write_text(scratch / "metrics.jsonl", "{}\n");
  CHECK_THROWS_MATCHES(MetricsLog(scratch / "metrics.jsonl", 100), Error,
                       test::FailsWith(ExitCode::bad_data, "metrics.jsonl", "3 bytes", "100"));
  CHECK_THROWS_MATCHES(MetricsLog(scratch / "none" / "metrics.jsonl", 0), Error,
                       test::FailsWith(ExitCode::cannot_finish, "metrics.jsonl"));
}

}  // namespace
}  // namespace phatgoose
