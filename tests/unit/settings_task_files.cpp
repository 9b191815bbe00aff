// What tasks are called after their files.
#include "phatgoose/settings/task_files.h"

#include <catch2/catch.hpp>

#include "support/fails_with.h"
#include "support/scratch_directory.h"

namespace phatgoose {

TEST_CASE("a file is named after itself, or after its directory where its own name says what it is for") {
  const auto name_of = [](const std::string& text) { return task_file(text, "--data").task; };
  CHECK(name_of("rte.jsonl") == "rte");
  CHECK(name_of("data/rte.v2.jsonl.gz") == "rte.v2");
  CHECK(name_of("tasks/food/train.jsonl") == "food");
  CHECK(name_of("tasks/food/validation.jsonl.gz") == "food");
  CHECK(name_of("colour=tasks/food/train.jsonl") == "colour");
  CHECK(task_file("colour=tasks/food/train.jsonl", "--data").path == "tasks/food/train.jsonl");
  CHECK(name_of("tasks/a=b/train.jsonl") == "a=b");
  CHECK_THROWS_MATCHES(task_file("colour=", "--data"), Error,
                       test::FailsWith(ExitCode::usage, "--data", "\"colour=\"", "TASK=FILE"));
}

}  // namespace phatgoose
