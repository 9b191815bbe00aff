#include "phatgoose/data/missing_tasks.h"

#include <catch2/catch.hpp>

#include "support/fails_with.h"
#include "support/scratch_directory.h"
#include "support/stderr_of.h"

namespace phatgoose {
namespace {

using test::FailsWith;
using test::ScratchDirectory;
using test::write_text;

/// A task "NAME" over NAME.jsonl in `directory`.
Task task_in(const fs::path& directory, const std::string& name, bool may_be_missing) {
  Task task{.name = name, .data = directory / (name + ".jsonl"), .kind = TaskKind::generation, .metrics = {}};
  task.may_be_missing = may_be_missing;
  return task;
}

/// Of "here", which has its file, "gated", which may be missing, and "needed", which may not.
Suite suite_in(const ScratchDirectory& scratch) {
  write_text(scratch / "here.jsonl", "");
  Suite suite{.name = "s",
              .tasks = {task_in(scratch.path(), "gated", true), task_in(scratch.path(), "here", true),
                        task_in(scratch.path(), "needed", false)}};
  suite.source = "somewhere";
  suite.tasks.front().source = "its authors";
  return suite;
}

TEST_CASE("a suite whose files are all there is left as it is") {
  const ScratchDirectory scratch;
  Suite suite = suite_in(scratch);
  write_text(scratch / "gated.jsonl", "");
  write_text(scratch / "needed.jsonl", "");
  CHECK(test::stderr_of([&] { leave_out_missing(suite, {scratch.path(), true, false}); }).empty());
  CHECK(suite.tasks.size() == 3);
  CHECK(suite.missing.empty());
  CHECK(missing_note(suite).empty());
}

TEST_CASE("files that may be missing are told, and admitted where that is allowed") {
  const ScratchDirectory scratch;
  write_text(scratch / "needed.jsonl", "");
  Suite suite = suite_in(scratch);
  const std::string root = scratch.path().string();
  const std::string found = "suite s: no data below " + root + " for 1 of 3 tasks: gated.jsonl (its authors)";
  CHECK_THROWS_MATCHES(leave_out_missing(suite, {scratch.path(), true, false}), Error,
                       FailsWith(ExitCode::bad_data, found, "--allow-missing", "(from somewhere)"));
  suite = suite_in(scratch);
  const std::string said = test::stderr_of([&] { leave_out_missing(suite, {scratch.path(), true, true}); });
  CHECK(said == "warning: " + found + " (from somewhere)\n");
  REQUIRE(suite.tasks.size() == 2);
  CHECK(suite.tasks[0].name == "here");
  CHECK(suite.tasks[1].name == "needed");
  CHECK(suite.missing == std::vector<std::string>{"gated"});
  CHECK(missing_note(suite) == "The mean is over 2 of 3 tasks; there is no data for gated.\n");
}

TEST_CASE("a file that must be there is never done without") {
  const ScratchDirectory scratch;
  Suite suite = suite_in(scratch);
  CHECK_THROWS_MATCHES(leave_out_missing(suite, {scratch.path(), false, true}), Error,
                       FailsWith(ExitCode::bad_data, "for 2 of 3 tasks: gated.jsonl (its authors), needed.jsonl;",
                                 "expected all that may not be missing", "--data-dir; they come from somewhere"));
}

TEST_CASE("an evaluation of no task is none") {
  const ScratchDirectory scratch;
  Suite suite{.name = "s", .tasks = {task_in(scratch.path(), "gated", true)}};
  CHECK_THROWS_MATCHES(
      leave_out_missing(suite, {scratch.path(), true, true}), Error,
      FailsWith(ExitCode::bad_data, "for 1 of 1 tasks: gated.jsonl; expected the data of one task at least"));
}

TEST_CASE("of many missing files the first are named") {
  const ScratchDirectory scratch;
  write_text(scratch / "here.jsonl", "");
  Suite suite{.name = "s", .tasks = {task_in(scratch.path(), "here", true)}};
  for (const char* name : {"a", "b", "c", "d", "e"}) suite.tasks.push_back(task_in(scratch.path(), name, true));
  suite.tasks.push_back(task_in("/elsewhere", "f", true));
  CHECK_THROWS_MATCHES(leave_out_missing(suite, {scratch.path(), true, false}), Error,
                       FailsWith(ExitCode::bad_data, "for 6 of 7 tasks: a.jsonl, b.jsonl, c.jsonl and 3 more;"));
  const std::string note = missing_note(suite);
  CHECK(note == "The mean is over 1 of 7 tasks; there is no data for a, b, c and 3 more.\n");
}

TEST_CASE("a file outside the directory is named as a whole") {
  const ScratchDirectory scratch;
  Suite suite{.name = "s", .tasks = {task_in("/elsewhere", "f", true)}};
  CHECK_THROWS_MATCHES(leave_out_missing(suite, {scratch.path(), true, false}), Error,
                       FailsWith(ExitCode::bad_data, "tasks: /elsewhere/f.jsonl;"));
}

}  // namespace
}  // namespace phatgoose
