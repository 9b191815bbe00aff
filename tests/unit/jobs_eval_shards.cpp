// Shards of an evaluation, and what joining them gives: the directory of a single run.
#include <catch2/catch.hpp>

#include "phatgoose/jobs/join_job.h"
#include "phatgoose/jobs/shard.h"
#include "phatgoose/report/results_directory.h"
#include "phatgoose/store/manifest.h"
#include "support/fails_with.h"
#include "support/method_runs.h"

namespace phatgoose {
namespace {

using test::FailsWith;
using test::MethodRuns;
using test::read_text;
using test::write_text;

constexpr int kShards = 3;

/// Evaluates every shard; their directories.
std::vector<fs::path> run_shards(EvalSettings settings, const fs::path& out, int count = kShards) {
  std::vector<fs::path> shards;
  for (int i = 1; i <= count; ++i) {
    settings.shard = std::to_string(i) + "/" + std::to_string(count);
    settings.out = out.string() + "-" + std::to_string(i);
    const auto product = evaluate(plan_evaluation(settings), at::kCPU, at::kFloat);
    REQUIRE(product);
    CHECK(std::get<fs::path>(*product) == settings.out);
    shards.emplace_back(settings.out);
  }
  return shards;
}

Json without_time(const fs::path& file) {
  Json results = read_json(file.string());
  results.erase("timing");
  results["settings"].erase("out");
  return results;
}

void check_same_directory(const fs::path& found, const fs::path& expected, bool routed) {
  CAPTURE(found);
  for (const char* file : {kSamplesFile, "run.json"}) CHECK(read_text(found / file) == read_text(expected / file));
  REQUIRE(is_file(expected / kRoutingFile) == routed);
  REQUIRE(is_file(found / kRoutingFile) == routed);
  if (routed) CHECK(read_text(found / kRoutingFile) == read_text(expected / kRoutingFile));
  CHECK(without_time(found / kResultsFile).dump() == without_time(expected / kResultsFile).dump());
  CHECK(read_finished(found, kResultsKind));
}

EvalSettings small_passes(EvalSettings settings) {
  settings.pass_tokens = 25;
  return settings;
}

TEST_CASE("joined shards of one method are the directory of a single run") {
  const MethodRuns runs;
  const EvalSettings settings = small_passes(runs.alone("whole", "goose"));
  const auto whole = test::evaluate(settings);
  REQUIRE(whole);
  std::vector<fs::path> shards = run_shards(settings, runs / "shard");
  CHECK(is_of_kind(shards.front(), kResultsShardKind));
  CHECK_FALSE(is_file(shards.front() / kResultsFile));
  for (const fs::path& shard : shards) {
    const auto rows = read_samples(shard / kSamplesFile).size();
    CHECK((rows > 0 && rows < 12));
  }
  std::swap(shards.front(), shards.back());  // in any order
  const Evaluation joined = join_shards(shards, runs / "joined");
  CHECK(joined.table() == whole->table());
  check_same_directory(runs / "joined", runs / "whole", true);
  const Json timing = read_json((runs / "joined/results.json").string()).at("timing");
  CHECK(timing.at("shards").size() == kShards);

  const auto written = fs::last_write_time(runs / "joined/samples.jsonl");
  CHECK(join_shards(shards, runs / "joined").table() == whole->table());
  CHECK(fs::last_write_time(runs / "joined/samples.jsonl") == written);
  EvalSettings again = settings;
  again.out = runs / "joined";
  CHECK(test::evaluate(again)->table() == whole->table());  // the command without --shard finds it finished
  CHECK(fs::last_write_time(runs / "joined/samples.jsonl") == written);
}

TEST_CASE("joined shards of several methods are those of a single run, comparison included") {
  const MethodRuns runs;
  const EvalSettings settings = small_passes(runs.all("whole"));
  const auto whole = test::evaluate(settings);
  REQUIRE(whole);
  const Evaluation joined = join_shards(run_shards(settings, runs / "shard"), runs / "joined");
  CHECK(joined.table() == whole->table());
  CHECK(read_text(runs / "joined/comparison.json") == read_text(runs / "whole/comparison.json"));
  for (const char* method : {"base", "choose", "other", "goose", "even", "sum"}) {
    const bool routed = std::string_view(method) == "goose" || std::string_view(method) == "even";
    check_same_directory(runs / "joined" / method, runs / "whole" / method, routed);
  }
}

TEST_CASE("more shards than passes leave some without rows") {
  const MethodRuns runs;
  const EvalSettings settings = runs.settings("whole");  // one pass a task
  test::evaluate(settings);
  const auto shards = run_shards(settings, runs / "shard");
  CHECK(read_samples(shards.back() / kSamplesFile).empty());
  join_shards(shards, runs / "joined");
  check_same_directory(runs / "joined", runs / "whole", false);
}

TEST_CASE("a shard that was stopped continues") {
  const MethodRuns runs;
  EvalSettings settings = small_passes(runs.alone("shard", "goose"));
  settings.shard = "1/2";
  request_stop();
  int stops = 0;
  while (!evaluate(plan_evaluation(settings), at::kCPU, at::kFloat)) REQUIRE(++stops < 12);
  CHECK(stops > 1);
  clear_stop_request();
  settings.out = runs / "undisturbed";
  REQUIRE(evaluate(plan_evaluation(settings), at::kCPU, at::kFloat));
  for (const char* file : {kSamplesFile, kRoutingFile}) {
    CHECK(read_text(runs / "shard" / file) == read_text(runs / "undisturbed" / file));
  }
}

TEST_CASE("shards that do not make up one evaluation are refused") {
  const MethodRuns runs;
  const EvalSettings settings = small_passes(runs.settings("shard"));
  std::vector<fs::path> shards = run_shards(settings, runs / "shard");
  const fs::path out = runs / "joined";
  const auto refused = [&](const std::vector<fs::path>& parts, const std::string& where, const std::string& words) {
    CHECK_THROWS_MATCHES(join_shards(parts, out), Error, FailsWith(ExitCode::bad_data, where, words));
    CHECK_FALSE(fs::exists(out));
  };
  refused({shards[0], shards[2]}, "2 of 3 shards", "expected also 2/3");
  refused({shards[0], shards[1], shards[1]}, "shard-2", "shard 2/3, which");
  test::evaluate(runs.settings("whole"));
  refused({shards[0], runs / "whole"}, "whole", "a directory of kind results; expected results-shard");
  refused({shards[0], runs / "choose"}, "choose", "no shard of an evaluation");

  EvalSettings other = settings;
  other.limit = 2;
  const std::vector<fs::path> limited = run_shards(other, runs / "limited");
  refused({shards[0], shards[1], limited[2]}, "limited-3", "another --limit");
  refused({shards[0], run_shards(settings, runs / "half", 2)[1]}, "half-2", "shard 2/2; expected one of 3");

  fs::remove(shards[1] / "manifest.json");
  refused(shards, "shard-2", "an unfinished shard");
  write_text(shards[2] / kSamplesFile, "");
  refused({shards[2], shards[0]}, "samples.jsonl", "0 bytes");

  shards = run_shards(settings, runs / "fresh");
  write_text(out / "something", "");
  CHECK_THROWS_MATCHES(join_shards(shards, out), Error, FailsWith(ExitCode::usage, "--out", "something"));
}

TEST_CASE("joining takes no options of scoring, and needs a directory") {
  ScoreSettings settings{.results = {"a", "b"}, .join = true};
  CHECK_THROWS_MATCHES(join_shards(settings), Error, FailsWith(ExitCode::usage, "--join", "no --out"));
  settings.out = "out";
  settings.templates = true;
  CHECK_THROWS_MATCHES(join_shards(settings), Error, FailsWith(ExitCode::usage, "--templates", "join first"));
}

TEST_CASE("a shard is named by its number and how many there are") {
  CHECK(parse_shard("2/3").index == 1);
  CHECK(parse_shard("2/3").count == 3);
  for (const char* text :
       {"", "2", "0/3", "4/3", "a/3", "1/", "/3", "1/3/4", "-1/3", "1/ 3", "1/99999999999999999999"}) {
    CAPTURE(text);
    CHECK_THROWS_MATCHES(parse_shard(text), Error, FailsWith(ExitCode::usage, "--shard", "such as 2/3"));
  }
  const MethodRuns runs;
  EvalSettings settings = runs.settings("out");
  settings.shard = "1/2";
  settings.json = true;
  CHECK_THROWS_MATCHES(plan_evaluation(settings), Error, FailsWith(ExitCode::usage, "--json", "--join"));
}

}  // namespace
}  // namespace phatgoose
