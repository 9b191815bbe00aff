// The task that a row is answered as.
#include "phatgoose/store/task_numbers.h"

#include <catch2/catch.hpp>

#include "support/fails_with.h"

namespace phatgoose {
namespace {

using test::FailsWith;

const std::vector<std::string> kByFile = {"zoo", "station", "kitchen"};
const std::vector<std::string> kByTemplate = {"zoo/ask", "zoo/tell", "station"};

TEST_CASE("a task has the number of its place, whatever the row's template") {
  const TaskNumbers numbers("poly", kByFile, UnknownTask::refused);
  CHECK(numbers.number("zoo", "") == 0);
  CHECK(numbers.number("kitchen", "ask") == 2);
}

TEST_CASE("where the adapter knows a task by its templates, the row's template decides") {
  const TaskNumbers numbers("poly", kByTemplate, UnknownTask::refused);
  CHECK(numbers.number("zoo", "tell") == 1);
  CHECK(numbers.number("station", "tell") == 2);
  CHECK(numbers.number("zoo/ask", "tell") == 0);
  CHECK_THROWS_MATCHES(numbers.number("zoo", ""), Error, FailsWith(ExitCode::bad_data, "task \"zoo\"", "zoo/ask"));
  CHECK_THROWS_MATCHES(numbers.number("zoo", "tells"), Error,
                       FailsWith(ExitCode::bad_data, "task \"zoo/tells\"", "did you mean zoo/tell?"));
}

TEST_CASE("an unknown task is refused with the nearest name and the way out, or has the next number") {
  const TaskNumbers refusing("poly", kByFile, UnknownTask::refused);
  CHECK_THROWS_MATCHES(
      refusing.number("staton", "ask"), Error,
      FailsWith(ExitCode::bad_data, "task \"staton\", which poly does not know",
                "one of its tasks: zoo, station, kitchen", "did you mean station?", "--unknown-task uniform"));
  const TaskNumbers adding("poly", kByFile, UnknownTask::added);
  CHECK(adding.number("staton", "") == 3);
  CHECK(adding.number("", "") == 3);
  CHECK(adding.number("station", "") == 1);
}

TEST_CASE("a row without a task is of the only one") {
  CHECK(TaskNumbers("poly", {"zoo"}, UnknownTask::refused).number("", "ask") == 0);
  CHECK_THROWS_MATCHES(TaskNumbers("poly", kByFile, UnknownTask::refused).number("", "ask"), Error,
                       FailsWith(ExitCode::bad_data, "no task", "\"task\" in the row", "--task"));
}

TEST_CASE("the task of an option is one of the adapter's, or one of which it knows templates") {
  const TaskNumbers numbers("poly", kByTemplate, UnknownTask::refused);
  CHECK_NOTHROW(numbers.check_option("--task", "zoo"));
  CHECK_NOTHROW(numbers.check_option("--task", "station"));
  CHECK_THROWS_MATCHES(numbers.check_option("--task", "zo"), Error,
                       FailsWith(ExitCode::usage, "--task: \"zo\"", "one of its tasks"));
  CHECK_NOTHROW(TaskNumbers("poly", kByTemplate, UnknownTask::added).check_option("--task", "zo"));
}

TEST_CASE("of many tasks the message names a few") {
  std::vector<std::string> names;
  for (int i = 0; i < 40; ++i) names.push_back("task-" + std::to_string(i));
  CHECK_THROWS_MATCHES(TaskNumbers("poly", names, UnknownTask::refused).number("elsewhere", ""), Error,
                       FailsWith(ExitCode::bad_data, "task-5 and 34 more"));
}

}  // namespace
}  // namespace phatgoose
