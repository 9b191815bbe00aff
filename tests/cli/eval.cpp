// phatgoose eval on a golden base without a tokenizer and rows of ids.
#include <catch2/catch.hpp>

#include "cli/bad_use.h"
#include "cli/program.h"
#include "phatgoose/base/json.h"
#include "support/golden.h"
#include "support/scratch_directory.h"

using namespace phatgoose;
using namespace phatgoose::test;

namespace {

constexpr const char* kRow =
    R"({"input_ids": [5, 6, 7, 1], "choices_ids": [[8, 1], [9, 10, 1]], "target_ids": [8, 1]})";

/// A scratch directory with a base, rows, and a suite over them.
class EvalFiles {
 public:
  EvalFiles() {
    std::filesystem::copy(golden_path("t5_v1_1") / "model", directory_ / "base");
    write_text(directory_ / "rows.jsonl", std::string(kRow) + "\n" + kRow + "\n");
    write_text(directory_ / "suite.yaml",
               "name: ids\n"
               "tasks:\n"
               "  - {name: choose, data: rows.jsonl, kind: rank_classification}\n"
               "  - {name: write, data: rows.jsonl, kind: generation, max_new_tokens: 3}\n");
  }

  /// A suite of one task over the given rows.
  void add_suite(const std::string& name, const std::string& rows, const std::string& kind = "rank_classification") {
    write_text(directory_ / (name + ".jsonl"), rows);
    write_text(directory_ / (name + ".yaml"),
               "name: s\ntasks:\n  - {name: t, data: " + name + ".jsonl, kind: " + kind + "}\n");
  }

  std::filesystem::path operator/(const std::string& name) const { return directory_ / name; }
  const std::filesystem::path& path() const { return directory_.path(); }

  Outcome eval(const std::string& arguments) const {
    const std::string d = directory_.path();
    return phatgoose_line("eval --model " + d + "/base --suite " + d + "/suite.yaml --out " + d + "/out " + arguments);
  }

 private:
  ScratchDirectory directory_;
};

}  // namespace

TEST_CASE("results name the compute type that was used, which on a CPU is fp32 unless bf16 is asked for") {
  const EvalFiles files;
  for (const auto& [arguments, dtype] :
       std::map<std::string, std::string>{{"", "fp32"}, {"--dtype bf16 --tasks choose", "bf16"}}) {
    const std::string out = (files / dtype).string();
    const Outcome outcome = phatgoose_line("eval --model " + (files / "base").string() + " --suite " +
                                           (files / "suite.yaml").string() + " --out " + out + " " + arguments);
    INFO(outcome.err);
    REQUIRE(outcome.code == 0);
    CHECK_THAT(outcome.err, Catch::Contains("dtype " + dtype));
    const Json results = Json::parse(read_text(files / dtype / "results.json"));
    CHECK(results["dtype"] == dtype);
    CHECK(results["settings"]["dtype"] == dtype);
    CHECK(Json::parse(read_text(files / dtype / "run.json"))["dtype"] == dtype);
  }
}

TEST_CASE("the log says that bf16 would be faster where the processor has AMX, and only to who did not choose") {
  const EvalFiles files;
  const bool has_amx = read_text("/proc/cpuinfo").find(" amx_bf16") != std::string::npos;
  const std::string advice = "with --dtype bf16";
  CHECK((files.eval("--base").err.find(advice) != std::string::npos) == has_amx);
  CHECK(files.eval("--base --dtype fp32").err.find(advice) == std::string::npos);
}

TEST_CASE("eval prints a table on stdout alone and writes a finished directory") {
  const EvalFiles files;
  const Outcome outcome = files.eval("");
  INFO(outcome.err);
  REQUIRE(outcome.code == 0);
  CHECK_THAT(outcome.out, Catch::Contains("choose") && Catch::Contains("accuracy") && Catch::Contains("write"));
  for (const char* file : {"manifest.json", "results.json", "samples.jsonl"}) {
    CHECK(std::filesystem::exists(files / "out" / file));
  }
  const Json sample = Json::parse(read_text(files / "out/samples.jsonl")
                                      .substr(0, 4096)
                                      .substr(0, read_text(files / "out/samples.jsonl").find('\n')));
  for (const char* key : {"task", "row", "id", "log_likelihoods", "num_tokens", "prediction", "correct"}) {
    CHECK(sample.contains(key));
  }

  const Outcome again = files.eval("");
  CHECK(again.code == 0);
  CHECK(again.out == outcome.out);
  CHECK_THAT(again.err, Catch::Contains("nothing to do"));
  CHECK(files.eval("--limit 1").code == 2);
}

TEST_CASE("eval takes some tasks and some rows") {
  const EvalFiles files;
  const Outcome outcome = files.eval("--tasks write --limit 1");
  CHECK(outcome.code == 0);
  CHECK_THAT(outcome.out, Catch::Contains("write") && !Catch::Contains("choose"));
  CHECK_THAT(read_text(files / "out/samples.jsonl"), Catch::Contains("\"row\":0") && !Catch::Contains("\"row\":1"));
}

TEST_CASE("a finished evaluation still says which rows are unusual") {
  EvalFiles files;
  files.add_suite("alike", R"({"input_ids": [5, 6, 1], "choices_ids": [[8, 1]], "target_ids": [8, 1]})");
  const std::string d = files.path();
  const std::string eval = "eval --log quiet --model " + d + "/base --suite " + d + "/alike.yaml --out " + d + "/out";
  CHECK_THAT(phatgoose_line(eval).err, Catch::StartsWith("warning: task t (") && Catch::Contains("1 of 1 "));
  const Outcome again = phatgoose_line(eval);
  CHECK(again.code == 0);
  CHECK_THAT(again.err, Catch::StartsWith("warning: ") && Catch::Contains("task t has unusual rows: single_choice 1"));
}

TEST_CASE("eval prints JSON on request: the results, or the comparison") {
  const EvalFiles files;
  const Outcome one = files.eval("--json --base");
  REQUIRE(one.code == 0);
  CHECK(Json::parse(one.out) == Json::parse(read_text(files / "out/results.json")));
  CHECK(files.eval("--base").code == 0);  // the same run
  const std::string wide = golden_path("experts/wide"), d = files.path();
  const Outcome two = phatgoose_line("eval --model " + d + "/base --suite " + d + "/suite.yaml --out " + d +
                                     "/both --base --expert w=" + wide + " --json");
  REQUIRE(two.code == 0);
  CHECK(Json::parse(two.out) == Json::parse(read_text(files / "both/comparison.json")));
  CHECK(std::filesystem::exists(files / "both/w/manifest.json"));
}

TEST_CASE("eval compares several methods in one table, and keeps each one's results") {
  const EvalFiles files;
  const std::string experts = golden_path("experts"), d = files.path();
  const std::string wide_and_narrow = experts + "/wide " + experts + "/narrow";
  REQUIRE(phatgoose_line("build --model " + d + "/base --out " + d + "/routed --expert " + wide_and_narrow).code == 0);
  const std::string what = "--base --routed " + d + "/routed --expert " + wide_and_narrow;
  const Outcome outcome = files.eval(what + " --compare-to routed");
  INFO(outcome.err);
  REQUIRE(outcome.code == 0);
  CHECK_THAT(outcome.out, Catch::Contains("against routed") && Catch::Contains("choose") && Catch::Contains("mean"));
  for (const char* line : {"\nbase ", "\nwide ", "\nnarrow ", "\nrouted ", "\nbest-individual ", "\noracle "}) {
    CHECK_THAT(outcome.out, Catch::Contains(line));
  }
  for (const char* method : {"base", "wide", "narrow", "routed"}) {
    CHECK(std::filesystem::exists(files / ("out/" + std::string(method)) / "manifest.json"));
  }
  const Outcome again = files.eval(what + " --compare-to routed");
  CHECK(again.out == outcome.out);
  CHECK_THAT(again.err, Catch::Contains("nothing to do"));
  CHECK_THAT(files.eval(what).out, Catch::Contains("against base"));  // the first method, nothing computed anew
}

TEST_CASE("eval takes methods with settings of their own from a file") {
  const EvalFiles files;
  const std::string experts = golden_path("experts"), d = files.path();
  const std::string build = "build --model " + d + "/base --out " + d + "/routed --expert ";
  REQUIRE(phatgoose_line(build + experts + "/wide " + experts + "/narrow").code == 0);
  std::filesystem::copy(experts + "/wide", files / "wide", std::filesystem::copy_options::recursive);
  write_text(files / "lists/methods.yaml",
             "- {name: plain, base: true}\n"
             "- {name: wide alone, expert: ../wide}\n"
             "- {name: one, routed: ../routed, k: 1}\n"
             "- {name: two, routed: ../routed, k: 2}\n"
             "- {name: all, routed: ../routed, k: 100}\n");
  const Outcome outcome = files.eval("--methods " + d + "/lists/methods.yaml --compare-to one");
  INFO(outcome.err);
  REQUIRE(outcome.code == 0);
  for (const char* line : {"\nplain ", "\nwide alone ", "\none ", "\ntwo ", "\nall ", "against one"}) {
    CHECK_THAT(outcome.out, Catch::Contains(line));
  }
  const std::string single = "eval --model " + d + "/base --suite " + d + "/suite.yaml ";
  const std::string alone = single + "--routed " + d + "/routed --out " + d;
  for (const auto& [name, k] : {std::pair("one", "1"), std::pair("two", "2"), std::pair("all", "100")}) {
    CAPTURE(name);
    REQUIRE(phatgoose_line(alone + "/alone-" + name + " --k " + k).code == 0);
    for (const std::string file : {"/samples.jsonl", "/routing.safetensors", "/run.json"}) {
      CHECK(read_text(files / ("alone-" + std::string(name) + file)) ==
            read_text(files / ("out/" + std::string(name) + file)));
    }
  }
  CHECK(read_text(files / "out/one/samples.jsonl") != read_text(files / "out/two/samples.jsonl"));
  const Outcome again = files.eval("--methods " + d + "/lists/methods.yaml --compare-to one");
  CHECK(again.out == outcome.out);
  CHECK_THAT(again.err, Catch::Contains("nothing to do"));
}

TEST_CASE("eval sends every token to the expert that its row names, and marks what it thereby knows") {
  const ScratchDirectory scratch;
  const std::string d = scratch.path(), text = PHATGOOSE_TESTS_DIR "/oracle/tiny_text.txt";
  REQUIRE(phatgoose_line("pretrain --out " + d + "/base --text " + text + " --vocab " +
                         golden_path("text/spiece.model").string() +
                         " --layers 1 --d-model 16 --d-ff 16 --heads 2 --d-kv 8 --steps 1 --batch 2 --input-length 16")
              .code == 0);
  write_text(scratch / "rows.jsonl",
             R"({"input": "one, two", "target": "x y", "choices": ["x y", "z z"], "input_experts": [["one,", "a"], )"
             R"([" two", "b"]], "answer_experts": ["a", "b"]})"
             "\n");
  write_text(scratch / "suite.yaml",
             "name: words\ntasks:\n  - {name: named, data: rows.jsonl, kind: rank_classification}\n"
             "  - {name: write, data: rows.jsonl, kind: generation, max_new_tokens: 2}\n");
  const std::string base = " --model " + d + "/base ";
  for (const std::string name : {"a", "b"}) {
    REQUIRE(phatgoose_line("train-expert" + base + "--data " + d + "/rows.jsonl --steps 1 --batch 1 --rank 1 --name " +
                           name + " --out " + d + "/" + name)
                .code == 0);
  }
  const std::string both = "--expert " + d + "/a " + d + "/b ";
  REQUIRE(phatgoose_line("build" + base + both + "--router token-oracle --out " + d + "/words").code == 0);
  REQUIRE(phatgoose_line("build" + base + both + "--router uniform --out " + d + "/even").code == 0);
  write_text(scratch / "methods.yaml",
             "- {name: even, routed: even}\n- {name: words, routed: words, tasks: [named]}\n");
  const std::string eval = "eval --model DIR/base --suite DIR/suite.yaml --out DIR/out ";
  check_bad_use(scratch.path(), {
                                    {eval + "--routed DIR/words", 3, {"task write", "generation", "--tasks"}},
                                    {eval + "--routed DIR/words --tasks named --exclude-own", 2, {"--exclude-own"}},
                                    {eval + "--routed DIR/words --tasks named --enabled a", 3, {"rows.jsonl:1"}},
                                });
  const Outcome outcome = phatgoose_line("eval" + base + "--suite " + d + "/suite.yaml --out " + d + "/out --methods " +
                                         d + "/methods.yaml");
  INFO(outcome.err);
  REQUIRE(outcome.code == 0);
  CHECK_THAT(outcome.err, !Catch::Contains("ignored keys"));
  CHECK_THAT(outcome.out,
             Catch::Contains("\nwords ") && Catch::Contains("  -  ") && Catch::Contains("uses labels, 1 of 2 tasks\n"));
  CHECK(phatgoose_line("inspect " + d + "/words").out.find("token-oracle") != std::string::npos);
}

TEST_CASE("eval refuses bad methods files") {
  const EvalFiles files;
  const std::string experts = golden_path("experts"), d = files.path();
  const std::string build = "build --model " + d + "/base --out " + d + "/routed --expert ";
  REQUIRE(phatgoose_line(build + experts + "/wide").code == 0);
  write_text(files / "key.yaml", "- {name: a, base: true}\n- {name: b, routed: routed, topp: 0.5}\n");
  write_text(files / "value.yaml", "- name: b\n  routed: routed\n  k: many\n");
  write_text(files / "nothing.yaml", "- {name: a}\n");
  write_text(files / "twice.yaml", "- {name: a, base: true}\n- {name: a, routed: routed}\n");
  write_text(files / "expert.yaml", "- {name: a, routed: routed, enabled: [wid]}\n");
  write_text(files / "encoder.yaml", "- {name: a, routed: routed, encoder: base}\n");
  write_text(files / "missing.yaml", "- {name: a, expert: none}\n");
  write_text(files / "good.yaml", "- {name: base, base: true}\n");
  const std::string good = "eval --model DIR/base --suite DIR/suite.yaml --out DIR/out --methods DIR/";
  check_bad_use(files.path(), {
                                  {good + "none.yaml", 3, {"none.yaml"}},
                                  {good + "key.yaml", 3, {"key.yaml:2", "\"topp\"", "did you mean top-p?"}},
                                  {good + "value.yaml", 3, {"value.yaml:3", "\"many\"", "an integer of at least 1"}},
                                  {good + "nothing.yaml", 3, {"nothing.yaml:1", "exactly one"}},
                                  {good + "twice.yaml", 3, {"twice.yaml:2", "a second method named \"a\""}},
                                  {good + "expert.yaml", 3, {"expert.yaml:1", "\"wid\"", "did you mean wide?"}},
                                  {good + "encoder.yaml", 3, {"encoder.yaml:1", "an encoder for", "phatgoose"}},
                                  {good + "missing.yaml", 3, {"missing.yaml:1", "no such directory"}},
                                  {good + "good.yaml --base", 2, {"two methods called base"}},
                                  {good + "good.yaml --compare-to bas", 2, {"--compare-to", "only one method, base"}},
                                  {good + "good.yaml --k 1", 2, {"no --routed"}},
                                  {good + "good.yaml --encoder-cache -1", 2, {"--encoder-cache"}},
                              });
}

TEST_CASE("eval refuses methods that it cannot tell apart or compare") {
  const EvalFiles files;
  const std::string experts = golden_path("experts"), d = files.path();
  const std::string build = "build --model " + d + "/base --out " + d + "/routed --expert ";
  REQUIRE(phatgoose_line(build + experts + "/wide").code == 0);
  std::filesystem::create_directory(files / "elsewhere");
  std::filesystem::copy(experts + "/wide", files / "elsewhere/wide", std::filesystem::copy_options::recursive);
  std::filesystem::copy(experts + "/wide", files / "wide", std::filesystem::copy_options::recursive);
  const std::string good = "eval --model DIR/base --suite DIR/suite.yaml --out DIR/out ";
  check_bad_use(files.path(),
                {
                    {good + "--expert DIR/wide DIR/elsewhere/wide", 2, {"two methods called wide"}},
                    {good + "--base --expert DIR/wide --compare-to wid", 2, {"--compare-to", "did you mean wide"}},
                    {good + "--expert DIR/wide --compare-to wide", 2, {"--compare-to", "only one method"}},
                    {good + "--expert DIR/wide --exclude-own", 2, {"--exclude-own", "no --routed"}},
                    {good + "--expert DIR/wide --k 1", 2, {"--k", "no --routed"}},
                    {good + "--encoder DIR/none", 2, {"--encoder", "no --routed"}},
                    {good + "--routed DIR/routed --encoder DIR/none", 2, {"--encoder", "compares inputs"}},
                    {good + "--routed DIR/routed --enabled wid", 2, {"--enabled", "did you mean wide"}},
                    {good + "--routed DIR/routed --k 0", 2, {"--k", "0"}},
                    {good + "--routed DIR/routed --top-p 1.5", 2, {"--top-p", "1.5"}},
                });
}

TEST_CASE("eval answers with a modular adapter of PEFT, and refuses what does not fit it") {
  const EvalFiles files;
  const std::string poly = golden_path("modular_poly/adapter"), d = files.path();
  std::filesystem::copy(poly, files / "poly", std::filesystem::copy_options::recursive);
  write_text(files / "known.jsonl", R"({"task": "1", )" + std::string(kRow).substr(1) + "\n");
  write_text(files / "known.yaml", "name: s\ntasks: [{name: t, data: known.jsonl, kind: rank_classification}]\n");
  write_text(files / "bad.yaml", "- {name: a, base: true}\n- {name: b, expert: base, unknown-task: mean}\n");
  const std::string known = "eval --model " + d + "/base --suite " + d + "/known.yaml --out " + d;
  const Outcome outcome = phatgoose_line(known + "/known --base --modular p=" + poly);
  INFO(outcome.err);
  REQUIRE(outcome.code == 0);
  CHECK_THAT(outcome.out, Catch::Contains("\np "));
  CHECK_THAT(outcome.err, !Catch::Contains("ignored keys"));
  CHECK(read_text(files / "known/p/samples.jsonl") != read_text(files / "known/base/samples.jsonl"));
  const Outcome uniform = files.eval("--modular " + poly + " --unknown-task uniform");
  INFO(uniform.err);
  CHECK(uniform.code == 0);
  const std::string good = "eval --model DIR/base --suite DIR/suite.yaml --out DIR/refused ";
  check_bad_use(files.path(),
                {
                    {good + "--modular DIR/poly", 3, {"task choose (", "task \"choose\"", "--unknown-task uniform"}},
                    {good + "--modular DIR/poly --unknown-task median", 2, {"--unknown-task", "\"median\"", "mean"}},
                    {good + "--base --unknown-task mean", 2, {"--unknown-task", "no --modular"}},
                    {good + "--modular DIR/none", 3, {"none"}},
                    {good + "--modular DIR/base", 3, {"base"}},
                    {good + "--modular DIR/poly --k 1", 2, {"--k", "no --routed"}},
                    {good + "--modular DIR/poly --exclude-own", 2, {"--exclude-own", "no --routed"}},
                    {good + "--methods DIR/bad.yaml", 3, {"bad.yaml:2", "\"unknown-task\" without modular"}},
                });
}

TEST_CASE("eval refuses bad settings") {
  const EvalFiles files;
  write_text(files / "busy/note", "mine");
  const std::string good = "eval --model DIR/base --suite DIR/suite.yaml --out DIR/out ";
  check_bad_use(files.path(), {
                                  {"eval --suite DIR/suite.yaml --out DIR/out", 2, {"--model"}},
                                  {"eval --model DIR/base --out DIR/out", 2, {"--suite"}},
                                  {"eval --model DIR/base --suite DIR/suite.yaml", 2, {"--out"}},
                                  {good + "--limit 0", 2, {"--limit"}},
                                  {good + "--limit many", 2, {"--limit", "many"}},
                                  {good + "--pass-tokens 0", 2, {"--pass-tokens"}},
                                  {good + "--batch-tokens 8", 2, {"--batch-tokens", "renamed", "--pass-tokens"}},
                                  {good + "--tasks chose", 2, {"--tasks", "\"chose\"", "did you mean choose?"}},
                                  {good + "--suite DIR/suite.yaml", 2, {"--suite"}},
                                  {good + "--dtype fp16", 2, {"fp16"}},
                                  {good + "--device tpu", 2, {"tpu"}},
                                  {good + "--task choose", 2, {"--task: unknown option", "--tasks"}},
                                  {"eval --model DIR/base --suite DIR/suite.yaml --out DIR/busy", 2, {"--out", "busy"}},
                              });
}

TEST_CASE("eval refuses bad models") {
  const EvalFiles files;
  std::filesystem::copy(files / "base", files / "cut");
  std::filesystem::resize_file(files / "cut/model.safetensors", 1000);
  std::filesystem::create_directories(files / "empty");
  std::filesystem::copy(golden_path("peft_default") / "adapter", files / "expert");
  std::filesystem::copy(files / "expert", files / "foreign");
  std::filesystem::copy(golden_path("t5_unusual") / "model", files / "other-base");
  const std::string rest = " --suite DIR/suite.yaml --out DIR/out";
  check_bad_use(files.path(), {
                                  {"eval --model DIR/none" + rest, 3, {"none"}},
                                  {"eval --model DIR/empty" + rest, 3, {"empty"}},
                                  {"eval --model DIR/cut" + rest, 3, {"cut/model.safetensors"}},
                                  {"eval --model DIR/base --expert DIR/none" + rest, 3, {"none"}},
                                  {"eval --model DIR/base --routed DIR/none" + rest, 3, {"none"}},
                                  {"eval --model DIR/base --routed DIR/expert" + rest, 3, {"expert"}},
                                  {"eval --model DIR/other-base --expert DIR/foreign" + rest, 3, {"foreign"}},
                              });
}

TEST_CASE("eval finds the data of a suite below --data-dir, and goes without what may be missing") {
  EvalFiles files;
  write_text(files / "root/sets/rows.jsonl", std::string(kRow) + "\n");
  write_text(files / "far.yaml",
             "name: far\nsource: the hub, by make.sh\ntasks:\n"
             "  - {name: there, data: sets/rows.jsonl, kind: rank_classification}\n"
             "  - {name: gated, data: sets/gated.jsonl, kind: rank_classification, may_be_missing: true}\n");
  const std::string root = (files / "root").string(), eval = "eval --model DIR/base --suite DIR/far.yaml --out DIR/out";
  const std::string missing = "suite far: no data below " + root + " for 1 of 2 tasks: sets/gated.jsonl";
  check_bad_use(
      files.path(),
      {{eval, 3, {"sets/rows.jsonl", "sets/gated.jsonl", "--data-dir", "the hub, by make.sh"}},
       {eval + " --data-dir DIR/root", 3, {missing, "expected all of it, or --allow-missing"}},
       {eval + " --data-dir DIR/none", 3, {"none: no such directory", "the suite's data"}},
       {eval + " --data-dir DIR/root --allow-missing --tasks gated", 3, {"1 of 1 tasks", "one task at least"}}});
  const std::string d = files.path().string();
  const Outcome outcome = phatgoose_line("eval --model " + d + "/base --suite " + d + "/far.yaml --out " + d +
                                         "/out --allow-missing --data-dir " + root);
  INFO(outcome.err);
  REQUIRE(outcome.code == 0);
  CHECK_THAT(outcome.err, Catch::Contains("warning: " + missing + " (from the hub, by make.sh)\n"));
  CHECK_THAT(outcome.out, Catch::EndsWith("The mean is over 1 of 2 tasks; there is no data for gated.\n"));
  CHECK(read_json(files / "out/results.json").at("missing_tasks") == Json({"gated"}));
}

TEST_CASE("eval refuses bad suites and rows") {
  EvalFiles files;
  const std::string row = std::string(kRow) + "\n";
  files.add_suite("no-choices", row + R"({"input_ids": [5, 1], "target_ids": [8, 1]})"
                                      "\n");
  files.add_suite("no-right-choice", row + R"({"input_ids": [5, 1], "choices_ids": [[9, 1]], "target_ids": [8, 1]})"
                                           "\n");
  files.add_suite("big-id", row + R"({"input_ids": [5000, 1], "choices_ids": [[8, 1]], "target_ids": [8, 1]})"
                                  "\n");
  files.add_suite("text", R"({"input": "a", "choices": ["b", "c"], "target": "b"})"
                          "\n");
  files.add_suite("empty", "");
  files.add_suite("odd-kind", row, "guessing");
  write_text(files / "twice.yaml",
             "name: s\ntasks:\n  - {name: t, data: rows.jsonl, kind: generation}\n"
             "  - {name: t, data: rows.jsonl, kind: generation}\n");
  write_text(files / "no-data.yaml", "name: s\ntasks:\n  - {name: t, data: none.jsonl, kind: generation}\n");
  const auto with = [](const std::string& suite) {
    return "eval --model DIR/base --out DIR/out --suite DIR/" + suite + ".yaml";
  };
  check_bad_use(files.path(), {
                                  {with("no-choices"), 3, {"no-choices.jsonl:2", "choices"}},
                                  {with("no-right-choice"), 3, {"no-right-choice.jsonl:2"}},
                                  {with("big-id"), 3, {"big-id.jsonl", "5000"}},
                                  {with("text"), 3, {"spiece.model"}},
                                  {with("empty"), 3, {"empty.jsonl"}},
                                  {with("odd-kind"), 3, {"odd-kind.yaml:3", "guessing"}},
                                  {with("twice"), 3, {"twice.yaml:4"}},
                                  {with("no-data"), 3, {"suite s: no data", "1 of 1 tasks: none.jsonl"}},
                                  {with("none"), 3, {"none.yaml"}},
                              });
}
