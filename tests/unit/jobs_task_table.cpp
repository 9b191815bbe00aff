// Which task a row belongs to, by its file and its template.
#include "phatgoose/jobs/task_table.h"

#include <catch2/catch.hpp>

#include "support/fails_with.h"

namespace phatgoose {
namespace {

Record row_of(const std::string& template_name) {
  Record record;
  record.template_name = template_name;
  return record;
}

}  // namespace

TEST_CASE("tasks are numbered in the order in which their first rows come, however many there are") {
  TaskTable table(/*by_template=*/false);
  for (std::int64_t task = 0; task < 40; ++task) {
    const std::string name = "task " + std::to_string(task);
    CHECK(table.training_number(name, row_of("short")) == task);
    CHECK(table.training_number(name, row_of("long")) == task);
  }
  CHECK(table.training_number("task 7", row_of("")) == 7);
  CHECK(table.names().size() == 40);
  CHECK(table.known_number("task 39", row_of("short")) == 39);
  CHECK_THROWS_MATCHES(table.known_number("task 40", row_of("short")), Error,
                       test::FailsWith(ExitCode::bad_data, "task 40", "--valid"));
}

TEST_CASE("templates are tasks where that is asked for") {
  TaskTable table(/*by_template=*/true);
  CHECK(table.training_number("food", row_of("short")) == 0);
  CHECK(table.training_number("food", row_of("long")) == 1);
  CHECK(table.training_number("food", row_of("")) == 2);
  CHECK(table.training_number("flag", row_of("long")) == 3);
  CHECK(table.training_number("food", row_of("long")) == 1);
  CHECK(table.names() == std::vector<std::string>{"food/short", "food/long", "food", "flag/long"});
}

}  // namespace phatgoose
