// Several methods in one call of eval: each as if it were evaluated alone.
#include <ATen/ATen.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <set>

#include "phatgoose/base/log.h"
#include "phatgoose/base/signals.h"
#include "phatgoose/jobs/prepare_job.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/routed_model_builder.h"
#include "support/fails_with.h"
#include "support/golden.h"
#include "support/method_runs.h"
#include "support/router_experts.h"
#include "support/stderr_of.h"
#include "support/tiny_t5.h"

namespace phatgoose {
namespace {

using test::evaluate;
using test::FailsWith;
using test::golden_path;
using test::MethodRuns;
using test::random_ids;
using test::read_text;
using test::write_text;

const std::vector<std::string> kAll = {"base", "choose", "other", "goose", "even", "sum"};

std::vector<std::string> names_of(const std::vector<MethodResult>& methods) {
  std::vector<std::string> names;
  for (const MethodResult& method : methods) names.push_back(method.name);
  return names;
}

/// The lines of samples.jsonl that belong to a task.
std::string task_lines(const std::string& samples, const std::string& task) {
  std::string lines;
  std::istringstream stream(samples);
  for (std::string line; std::getline(stream, line);) {
    if (Json::parse(line).at("task") == task) lines += line + "\n";
  }
  return lines;
}

}  // namespace

TEST_CASE("several methods in one call give the files of single calls") {
  const MethodRuns runs;
  const auto together = evaluate(runs.all("together"));
  REQUIRE(together);
  CHECK(names_of(together->methods) == std::vector<std::string>{"base", "choose", "other", "goose", "even", "sum",
                                                                "best-individual", "oracle", "own-expert"});
  CHECK(together->methods[6].uses_labels);
  REQUIRE(together->comparison);
  CHECK(read_json(runs / "together/comparison.json") == comparison_json(*together->comparison));
  CHECK_FALSE(together->methods[5].uses_labels);
  for (const EvalMethod& method : plan_evaluation(runs.all("together")).methods) {
    CAPTURE(method.name);
    CHECK(method.out == runs / ("together/" + method.name));
    const auto alone = evaluate(runs.alone("single-" + method.name, method.name));
    REQUIRE(alone);
    CHECK_FALSE(alone->comparison);
    CHECK(runs.samples("single-" + method.name) == runs.samples("together/" + method.name));
    CHECK(Json::parse(test::read_text(runs / ("single-" + method.name + "/run.json"))) == method.record);
    const bool weighted = method.name == "goose" || method.name == "even";
    for (const std::string& out : {"single-" + method.name, "together/" + method.name}) {
      CHECK(fs::exists(runs / (out + "/routing.safetensors")) == weighted);
      CHECK(read_manifest(runs / out, "results", true));
    }
    if (weighted) {
      CHECK(test::read_text(runs / ("single-" + method.name + "/routing.safetensors")) ==
            test::read_text(runs / ("together/" + method.name + "/routing.safetensors")));
    }
  }
  for (const std::string& name : kAll) {
    if (name != "base") CHECK(runs.samples("together/" + name) != runs.samples("together/base"));
  }
}

TEST_CASE("a stopped call of several methods keeps those that are finished, and continues") {
  const MethodRuns runs;
  REQUIRE(evaluate(runs.all("whole")));
  EvalSettings first = runs.all("stopped");
  first.routed.clear();
  REQUIRE(evaluate(first));
  const auto written = fs::last_write_time(runs / "stopped/other/samples.jsonl");
  request_stop();
  CHECK_FALSE(evaluate(runs.all("stopped")));
  clear_stop_request();
  CHECK_FALSE(fs::exists(runs / "stopped/goose/manifest.json"));
  REQUIRE(evaluate(runs.all("stopped")));
  for (const std::string& name : kAll) CHECK(runs.samples("stopped/" + name) == runs.samples("whole/" + name));
  CHECK(fs::last_write_time(runs / "stopped/other/samples.jsonl") == written);
}

TEST_CASE("excluding a task's own expert is evaluating a model built without it, on that task only") {
  const MethodRuns runs;
  const std::string router = GENERATE("phatgoose", "uniform", "merged-product");
  CAPTURE(router);
  const auto with = [&](const std::string& out, const std::string& routed, bool exclude_own) {
    EvalSettings settings = runs.settings(out);
    settings.routed = {runs / routed};
    settings.exclude_own = exclude_own;
    REQUIRE(evaluate(settings));
    return runs.samples(out);
  };
  runs.build("three", router);
  runs.build("two", router, {"other", "third"});
  const std::string excluded = with("out-excluded", "three", true), all = with("out-all", "three", false);
  const std::string without = with("out-without", "two", false);
  CHECK(task_lines(excluded, "write") == task_lines(all, "write"));
  CHECK(task_lines(excluded, "choose") != task_lines(all, "choose"));
  std::vector<Sample> found = read_samples(runs / "out-excluded/samples.jsonl");
  const std::vector<Sample> expected = read_samples(runs / "out-without/samples.jsonl");
  for (std::size_t i = 0; i < found.size() && found[i].task == "choose"; ++i) {
    for (std::size_t c = 0; c < 3; ++c) {
      CHECK(found[i].log_likelihoods[c] == Approx(expected[i].log_likelihoods[c]).epsilon(1e-5));
    }
  }
  CHECK(task_lines(without, "choose").size() > 0);
}

TEST_CASE("methods need names of their own, and something to be compared to") {
  const MethodRuns runs;
  const auto refused = [&](const EvalSettings& settings, const char* where, const char* found) {
    CHECK_THROWS_MATCHES(evaluate(settings), Error, FailsWith(ExitCode::usage, where, found));
    CHECK_FALSE(fs::exists(settings.out));
  };
  EvalSettings twice = runs.all("out");
  twice.experts = {runs / "choose", runs / "other", runs / "choose"};
  refused(twice, "--expert", "two methods called choose");

  fs::create_directory(runs / "elsewhere");
  fs::copy(runs / "goose", runs / "elsewhere/goose", fs::copy_options::recursive);
  EvalSettings same = runs.all("out");
  same.routed.push_back((runs / "elsewhere/goose/").string());
  refused(same, "--routed", "two methods called goose");

  EvalSettings unknown = runs.all("out");
  unknown.compare_to = "gose";
  refused(unknown, "--compare-to", "did you mean goose");
  EvalSettings alone = runs.settings("out");
  alone.compare_to = "base";
  refused(alone, "--compare-to", "only one method");
}

TEST_CASE("methods of a file are what single calls with the same options are") {
  const MethodRuns runs;
  const auto together = evaluate(runs.from_file("together",
                                                "- {name: plain, base: true}\n"
                                                "- {name: one, routed: ../goose, k: 1}\n"
                                                "- {name: two, routed: ../goose}\n"
                                                "- {name: all, routed: ../goose, k: 9, exclude-own: true}\n"
                                                "- {name: most, routed: ../goose, top-p: 0.7, temperature: 2}\n"
                                                "- {name: few, routed: ../goose, enabled: [other, third], k: 1}\n"
                                                "- {name: alone, expert: ../other}\n"));
  REQUIRE(together);
  const std::vector<std::string> names = {"plain", "one", "two", "all", "most", "few", "alone"};
  CHECK(names_of(together->methods) == names);
  const auto check = [&](const std::string& name, auto change) {
    CAPTURE(name);
    EvalSettings single = runs.settings("single-" + name);
    if (name != "alone" && name != "plain") single.routed = {runs / "goose"};
    change(single);
    const auto alone = evaluate(single);
    REQUIRE(alone);
    CHECK_FALSE(alone->comparison);
    CHECK(runs.samples("single-" + name) == runs.samples("together/" + name));
    if (single.routed.empty()) return;
    CHECK(test::read_text(runs / ("single-" + name + "/routing.safetensors")) ==
          test::read_text(runs / ("together/" + name + "/routing.safetensors")));
    CHECK(Json::parse(test::read_text(runs / ("single-" + name + "/run.json"))) ==
          Json::parse(test::read_text(runs / ("together/" + name + "/run.json"))));
  };
  check("plain", [](EvalSettings&) {});
  check("one", [](EvalSettings& single) { single.routing.k = 1; });
  check("two", [](EvalSettings&) {});
  check("all", [](EvalSettings& single) { single.routing.k = 9, single.exclude_own = true; });
  check("most", [](EvalSettings& single) { single.routing.top_p = 0.7, single.routing.temperature = 2; });
  check("few", [](EvalSettings& single) { single.routing.enabled = {"other,third"}, single.routing.k = 1; });
  check("alone", [&](EvalSettings& single) { single.experts = {runs / "other"}; });
  std::set<std::string> distinct;
  for (const std::string& name : names) distinct.insert(runs.samples("together/" + name));
  CHECK(distinct.size() == names.size());
}

TEST_CASE("a library's experts are evaluated like those that are listed, by name and after them") {
  const MethodRuns runs;
  fs::create_directories(runs / "library/no-expert");
  write_text(runs / "library/notes.txt", "");
  for (const char* name : {"third", "other"}) fs::copy(runs / name, runs / (std::string("library/") + name));
  EvalSettings settings = runs.settings("named");
  settings.experts = {runs / "choose"};
  settings.library = runs / "library";
  const auto named = evaluate(settings);
  REQUIRE(named);
  const std::vector<std::string> names = {"choose", "other", "third", "best-individual", "oracle", "own-expert"};
  CHECK(names_of(named->methods) == names);
  EvalSettings listed = runs.settings("listed");
  listed.experts = {runs / "choose", runs / "other", runs / "third"};
  REQUIRE(evaluate(listed));
  for (const char* name : {"/choose", "/other", "/third"}) {
    CHECK(runs.samples(std::string("named") + name) == runs.samples(std::string("listed") + name));
  }
}

TEST_CASE("a file adds methods to those of the command line, and a changed entry is refused its directory") {
  const MethodRuns runs;
  const std::string lines = "- {name: greedy, routed: ../goose, k: 1}\n";
  EvalSettings settings = runs.from_file("out", lines);
  CHECK(plan_evaluation(settings).methods.front().out == runs / "out/greedy");  // though it is the only one
  settings.base = true;
  settings.routed = {runs / "goose"};
  settings.routing.k = 2;
  settings.compare_to = "greedy";
  const auto evaluation = evaluate(settings);
  REQUIRE(evaluation);
  CHECK(names_of(evaluation->methods) == std::vector<std::string>{"base", "goose", "greedy"});
  CHECK(runs.samples("out/goose") != runs.samples("out/greedy"));

  const auto written = fs::last_write_time(runs / "out/greedy/samples.jsonl");
  REQUIRE(evaluate(settings));
  CHECK(fs::last_write_time(runs / "out/greedy/samples.jsonl") == written);
  CHECK_THROWS_MATCHES(evaluate(runs.from_file("out", "- {name: greedy, routed: ../goose, k: 3}\n")), Error,
                       FailsWith(ExitCode::usage, "--k", "began with --k 1", "cannot continue with --k 3"));
  CHECK_THROWS_MATCHES(evaluate(runs.from_file("out", "- {name: greedy, routed: ../goose, k: 1, enabled: [other]}\n")),
                       Error, FailsWith(ExitCode::usage, "--enabled", "other"));
  CHECK_THROWS_MATCHES(evaluate(runs.from_file("out", "- {name: greedy, routed: ../even}\n")), Error,
                       FailsWith(ExitCode::usage, "greedy"));
}

TEST_CASE("what does not fit a routed model of a methods file is told with file and line before anything is computed") {
  const MethodRuns runs;
  const auto refused = [&](const std::string& line, const char* found) {
    CAPTURE(line);
    CHECK_THROWS_MATCHES(evaluate(runs.from_file("out", "- {name: plain, base: true}\n" + line)), Error,
                         FailsWith(ExitCode::bad_data, "methods.yaml:2", found));
    CHECK_FALSE(fs::exists(runs / "out"));
  };
  refused("- {name: a, routed: ../goose, enabled: [othr]}\n", "did you mean other?");
  refused("- {name: a, routed: ../sum, k: 1}\n", "selects nothing");
  refused("- {name: a, routed: ../even, temperature: 2}\n", "selects nothing");
  EvalSettings twice = runs.from_file("out", "- {name: base, routed: ../goose}\n");
  twice.base = true;
  CHECK_THROWS_MATCHES(evaluate(twice), Error, FailsWith(ExitCode::usage, "--methods", "two methods called base"));
  EvalSettings changed = runs.from_file("out", "- {name: a, routed: ../goose}\n");
  changed.routing.k = 1;
  CHECK_THROWS_MATCHES(evaluate(changed), Error, FailsWith(ExitCode::usage, "no --routed", "next to routed"));
}

TEST_CASE("methods whose experts adapt the decoder only share the encoder's passes with the base") {
  const MethodRuns runs;
  runs.write_decoder_expert("late", 7);
  runs.write_decoder_expert("later", 8);
  runs.build("late-goose", "phatgoose", {"late", "later"});
  runs.build("late-sum", "merged-product", {"late", "later"});
  EvalSettings settings = runs.settings("together");
  settings.base = true;
  settings.experts = {runs / "late", runs / "other", runs / "later"};
  settings.routed = {runs / "goose", runs / "late-goose", runs / "late-sum"};
  settings.pass_tokens = 30;
  const std::string log = test::stderr_of([&] {
    set_log_level(LogLevel::info);
    evaluate(settings);
    set_log_level(LogLevel::quiet);
  });
  std::int64_t computed = 0, reused = 0;
  const auto at = log.find("encoder: ");
  REQUIRE(at != std::string::npos);
  REQUIRE(std::sscanf(log.c_str() + at, "encoder: %ld batches computed for the methods that share it, %ld reused",
                      &computed, &reused) == 2);
  CHECK(computed > 2);
  CHECK(reused >= 4 * computed);  // base, two experts, two routed models: four times what the first computed
  for (const EvalMethod& method : plan_evaluation(settings).methods) {
    CAPTURE(method.name);
    CHECK(method.shares_encoder == (method.name != "other" && method.name != "goose"));
    EvalSettings single = runs.alone("single-" + method.name, method.name);
    single.pass_tokens = settings.pass_tokens;
    const auto alone = evaluate(single);
    REQUIRE(alone);
    CHECK_FALSE(alone->comparison);
    CHECK(runs.samples("single-" + method.name) == runs.samples("together/" + method.name));
    if (method.name == "late-goose") {
      CHECK(test::read_text(runs / "single-late-goose/routing.safetensors") ==
            test::read_text(runs / "together/late-goose/routing.safetensors"));
    }
  }
  settings.out = runs / "unshared";
  settings.encoder_cache = 0;
  CHECK_THAT(test::stderr_of([&] {
               set_log_level(LogLevel::info);
               evaluate(settings);
               set_log_level(LogLevel::quiet);
             }),
             !Catch::Contains("encoder: "));
  CHECK(runs.samples("unshared/late") == runs.samples("together/late"));
}

TEST_CASE("a method's name never leads out of the directory of results") {
  const MethodRuns runs;
  fs::copy(runs / "other", runs / "climber", fs::copy_options::recursive);
  const std::string name = GENERATE("..", "a/b", "");
  CAPTURE(name);
  write_manifest(runs / "climber",
                 {"expert", {{"name", name}, {"base", {{"fingerprint", base_fingerprint(runs / "base")}}}}}, {});
  EvalSettings settings = runs.all("out");
  settings.experts.push_back(runs / "climber");
  CHECK_THROWS_MATCHES(evaluate(settings), Error, FailsWith(ExitCode::bad_data, "climber", "a name without slash"));
  CHECK_FALSE(fs::exists(runs / "out"));
}

TEST_CASE("changes of routing want a routed model") {
  const MethodRuns runs;
  EvalSettings settings = runs.settings("out");
  settings.experts = {runs / "other"};
  SECTION("k") { settings.routing.k = 1; }
  SECTION("encoder") { settings.routing.encoder = "somewhere"; }
  SECTION("enabled") { settings.routing.enabled = {"other"}; }
  SECTION("exclude-own") { settings.exclude_own = true; }
  CHECK_THROWS_MATCHES(evaluate(settings), Error, FailsWith(ExitCode::usage, "no --routed"));
}

TEST_CASE("experts and routed models can be given other names") {
  const MethodRuns runs;
  EvalSettings settings = runs.settings("out");
  settings.experts = {"chosen=" + (runs / "choose").string(), (runs / "other").string()};
  settings.routed = {"duck=" + (runs / "goose").string()};
  std::vector<std::string> names;
  const EvalPlan plan = plan_evaluation(settings);
  for (const EvalMethod& method : plan.methods) {
    names.push_back(method.name);
    CHECK(method.out == runs / "out" / method.name);
  }
  CHECK(names == std::vector<std::string>{"chosen", "other", "duck"});
  CHECK(std::get<PlainExpert>(plan.methods[0].adaptation).directory == runs / "choose");
  settings.experts = {(runs / "choose").string(), "choose=" + (runs / "other").string()};
  CHECK_THROWS_MATCHES(plan_evaluation(settings), Error,
                       FailsWith(ExitCode::usage, "two methods called choose", "NAME=DIR"));
}

TEST_CASE("experts of a methods file may have tasks of their own, and own-expert joins them") {
  const MethodRuns runs;
  EvalSettings settings = runs.from_file("out",
                                         "- {name: choose, expert: ../choose, tasks: [choose]}\n"
                                         "- {name: write, expert: ../other, tasks: [write]}\n"
                                         "- {name: goose, routed: ../goose}\n");
  settings.compare_to = "goose";
  const auto together = evaluate(settings);
  REQUIRE(together);
  CHECK(names_of(together->methods) == std::vector<std::string>{"choose", "write", "goose", "own-expert"});
  const Comparison::Row& own = together->comparison->rows[3];
  CHECK(own.tasks[0]->score == together->comparison->rows[0].tasks[0]->score);
  CHECK(own.tasks[1]->score == together->comparison->rows[1].tasks[1]->score);
  CHECK(own.difference);
  CHECK_THROWS_MATCHES(evaluate(runs.from_file("bad", "- {name: choose, expert: ../choose, tasks: [chose]}\n")), Error,
                       FailsWith(ExitCode::bad_data, "methods.yaml:1", "no task \"chose\""));
}

TEST_CASE("k and top-p together are refused, on the command line and in a file") {
  const MethodRuns runs;
  EvalSettings settings = runs.settings("out");
  settings.routed = {runs / "goose"};
  settings.routing.k = 1;
  settings.routing.top_p = 0.5;
  CHECK_THROWS_MATCHES(evaluate(settings), Error, FailsWith(ExitCode::usage, "--k, --top-p", "one of them"));
  CHECK_THROWS_MATCHES(evaluate(runs.from_file("out", "- {name: a, routed: ../goose, k: 1, top-p: 0.5}\n")), Error,
                       FailsWith(ExitCode::bad_data, "methods.yaml:1", "one of them"));
}

TEST_CASE("rows are limited to the first ones, or to some that are drawn, and the results say of how many") {
  const MethodRuns runs;
  EvalSettings settings = runs.settings("first");
  settings.limit = 3;
  const auto rows_of = [&](const std::string& out) {
    std::vector<std::int64_t> rows;
    for (const Sample& sample : read_samples(runs / out / "samples.jsonl")) {
      if (sample.task == "choose") rows.push_back(sample.row);
    }
    return rows;
  };
  const std::string log = test::stderr_of([&] {
    set_log_level(LogLevel::info);
    evaluate(settings);
    set_log_level(LogLevel::quiet);
  });
  CHECK_THAT(log, Catch::Contains("task choose: the first 3 of 6 rows"));
  CHECK(rows_of("first") == std::vector<std::int64_t>{0, 1, 2});
  const Json task = read_json((runs / "first/results.json").string()).at("tasks").at(0);
  CHECK(task.at("rows") == 3);
  CHECK(task.at("rows_available") == 6);
  std::set<std::vector<std::int64_t>> draws;
  for (const std::int64_t seed : {0, 1, 2, 3}) {
    settings.out = runs / std::to_string(seed);
    settings.limit_seed = seed;
    evaluate(settings);
    const auto rows = rows_of(std::to_string(seed));
    CHECK(rows.size() == 3);
    CHECK(std::ranges::is_sorted(rows));
    draws.insert(rows);
  }
  CHECK(draws.size() > 1);
  settings.limit.reset();
  CHECK_THROWS_MATCHES(evaluate(settings), Error, FailsWith(ExitCode::usage, "--limit-seed", "no --limit"));
}

TEST_CASE("what does not fit the last method is told before anything is computed for the first") {
  const MethodRuns runs;
  EvalSettings settings = runs.settings("out");
  settings.base = true;
  SECTION("a directory of something else") {
    write_text(runs / "out/goose/thesis.tex", "years of work");
    settings.routed = {runs / "goose"};
    CHECK_THROWS_MATCHES(evaluate(settings), Error, FailsWith(ExitCode::usage, "out/goose", "thesis.tex"));
  }
  SECTION("a routed model of another base") {
    Json manifest = read_json(runs / "goose/manifest.json");
    manifest["base"]["fingerprint"] = "0123456789abcdef";
    write_text(runs / "stray/manifest.json", manifest.dump());
    settings.routed = {runs / "stray"};
    CHECK_THROWS_MATCHES(evaluate(settings), Error, FailsWith(ExitCode::bad_data, "stray", "0123456789abcdef"));
  }
  CHECK_FALSE(fs::exists(runs / "out/base"));
}

TEST_CASE("methods are named in the order base, experts, routed models") {
  const MethodRuns runs;
  std::vector<std::string> names;
  for (const EvalMethod& method : plan_evaluation(runs.all("out")).methods) names.push_back(method.name);
  CHECK(names == kAll);
  EvalSettings one = runs.settings("out");
  CHECK(plan_evaluation(one).methods.front().name == "base");
  CHECK(plan_evaluation(one).methods.front().out == one.out);
  one.routed = {(runs / "goose").string() + "/"};
  const EvalPlan plan = plan_evaluation(one);
  REQUIRE(plan.methods.size() == 1);
  CHECK(plan.methods.front().name == "goose");
  CHECK(plan.methods.front().out == one.out);
}

}  // namespace phatgoose
