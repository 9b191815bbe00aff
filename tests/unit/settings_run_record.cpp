#include "phatgoose/settings/run_record.h"

#include <catch2/catch.hpp>
#include <functional>
#include <utility>

#include "phatgoose/settings/train_expert.h"
#include "phatgoose/settings/train_gate.h"
#include "support/fails_with.h"
#include "support/scratch_directory.h"

namespace phatgoose {
namespace {

using test::FailsWith;

Json record_of(TrainExpertSettings settings) {
  const OptionSet options = settings.declare();
  return run_record(options, {{"data", Json::array({"0123"})}, {"model", "abcd"}});
}

TEST_CASE("a record holds what the result depends on, and contents instead of paths") {
  TrainExpertSettings settings;
  settings.data.data = {"rows.jsonl"};
  settings.model = "base";
  settings.common.threads = 3;
  const Json record = record_of(settings);
  CHECK(record.at("command") == "train-expert");
  CHECK(record.at("data") == Json::array({"0123"}));
  CHECK(record.at("model") == "abcd");
  CHECK(record.at("lr") == 5e-3);
  CHECK(record.at("dropout").is_null());
  for (const char* name : {"out", "threads", "log", "save-every", "keep-checkpoints", "device"}) {
    CHECK_FALSE(record.contains(name));
  }
}

TEST_CASE("a run continues only with the settings it was begun with") {
  const test::ScratchDirectory scratch;
  const fs::path run = scratch / "out";
  TrainExpertSettings settings;
  CHECK_NOTHROW(check_run(run, run, record_of(settings)));
  begin_run(run, record_of(settings));
  CHECK(run_has_begun(run));
  settings.common.threads = 7;
  CHECK_NOTHROW(check_run(run, run, record_of(settings)));
  TrainGateSettings gate;
  CHECK_THROWS_MATCHES(check_run(run, run, run_record(gate.declare(), {})), Error,
                       FailsWith(ExitCode::usage, "--out", "train-expert"));
  settings.training.lr = 1e-2;
  CHECK_THROWS_MATCHES(check_run(run, run, record_of(settings)), Error,
                       FailsWith(ExitCode::usage, "began with --lr 0.005, and cannot continue with --lr 0.01"));
  settings.training.lr = 5e-3;
  settings.dropout = 0.0;
  CHECK_THROWS_MATCHES(check_run(run, run, record_of(settings)), Error,
                       FailsWith(ExitCode::usage, "--dropout: the run in",
                                 "began without --dropout, and cannot continue with --dropout 0.0"));
}

/// Begins a run in `run` whose record is changed by `change`, as if another version of the program had written it.
void begin_otherwise(const fs::path& run, const Json& record, const std::function<void(Json&)>& change) {
  Json other = record;
  change(other);
  fs::create_directories(run);
  test::write_text(run / "run.json", other.dump());
}

TEST_CASE("a run from before an option existed continues with the option's default only") {
  const test::ScratchDirectory scratch;
  const fs::path run = scratch / "out";
  TrainExpertSettings settings;
  begin_otherwise(run, record_of(settings), [](Json& record) {
    record.erase("clip");
    record.erase("init");
  });
  CHECK_NOTHROW(check_run(run, run, record_of(settings)));
  CHECK(is_same_record(run, record_of(settings)));
  const double clip = std::exchange(settings.training.clip, 17.0);
  CHECK_FALSE(is_same_record(run, record_of(settings)));
  CHECK_THROWS_MATCHES(check_run(run, run, record_of(settings)), Error,
                       FailsWith(ExitCode::usage, "--clip: the run in", "cannot continue with --clip 17"));
  settings.training.clip = clip;
  settings.init = "adapter";
  CHECK_THROWS_MATCHES(check_run(run, run, record_of(settings)), Error,
                       FailsWith(ExitCode::usage, "--init: the run in", "began without --init"));
}

TEST_CASE("a setting of a run that the program does not have is refused by name") {
  const test::ScratchDirectory scratch;
  const fs::path run = scratch / "out";
  const Json record = record_of({});
  begin_otherwise(run, record, [](Json& other) { other["warp"] = 9; });
  CHECK_FALSE(is_same_record(run, record));
  CHECK_THROWS_MATCHES(check_run(run, run, record), Error, FailsWith(ExitCode::usage, "run.json: ", "\"warp\""));
}

TEST_CASE("what may change, and what is said of the rows, is not compared") {
  const test::ScratchDirectory scratch;
  const fs::path run = scratch / "out";
  const Json record = record_of({});
  begin_otherwise(run, record, [](Json& other) {
    other["threads"] = 9;
    other["rows"] = {{"train", 3}};
  });
  CHECK_NOTHROW(check_run(run, run, record));
  CHECK(is_same_record(run, record));
}

TEST_CASE("a directory of something else is refused as output, an empty one is not") {
  const test::ScratchDirectory scratch;
  fs::create_directories(scratch / "empty");
  test::write_text(scratch / "full" / "letter.txt", "dear reader");
  test::write_text(scratch / "file", "");
  const Json record = record_of({});
  CHECK_NOTHROW(check_run(scratch / "empty", scratch / "empty", record));
  CHECK_THROWS_MATCHES(check_run(scratch / "full", scratch / "full", record), Error,
                       FailsWith(ExitCode::usage, "--out", "full"));
  CHECK_THROWS_MATCHES(check_run(scratch / "file", scratch / "file", record), Error,
                       FailsWith(ExitCode::usage, "--out", "file"));
}

TEST_CASE("missing data files are named") {
  CHECK_THROWS_MATCHES(file_hashes({"/nonexistent/rows.jsonl"}), Error,
                       FailsWith(ExitCode::bad_data, "/nonexistent/rows.jsonl"));
}

}  // namespace
}  // namespace phatgoose
