// phatgoose task-vectors: what it writes and prints, and what it refuses.
#include <catch2/catch.hpp>

#include "cli/bad_use.h"
#include "cli/program.h"
#include "phatgoose/store/task_vectors_directory.h"
#include "support/golden.h"
#include "support/scratch_directory.h"

using namespace phatgoose;
using namespace phatgoose::test;

namespace {

const std::string kBase = golden_path("t5_v1_1/model"), kOtherBase = golden_path("t5_v1_0/model");
const std::string kBaseOfText = golden_path("../../assets/base").lexically_normal();
const std::string kSentences = golden_path("encoder/model");

/// Rows of three tasks; those of `text` need a tokenizer.
struct VectorFiles {
  ScratchDirectory scratch;

  VectorFiles() {
    write_text(scratch / "one.jsonl", "{\"input_ids\": [5, 6, 7, 1], \"target_ids\": [8, 1]}\n");
    write_text(scratch / "two.jsonl", "{\"input_ids\": [9, 6, 9, 9, 1], \"target_ids\": [10, 11, 1]}\n");
    write_text(scratch / "text.jsonl", "{\"input\": \"Who feeds the cat?\", \"target\": \"Anna\"}\n");
    write_text(scratch / "empty.jsonl", "");
    write_text(scratch / "bad.jsonl",
               "{\"input_ids\": [5, 1], \"target_ids\": [8, 1]}\n{\"input_ids\": [5000, 1], "
               "\"target_ids\": [8, 1]}\n");
    write_text(scratch / "other/file", "something else");
  }

  std::string command(const std::string& rest) const {
    return "task-vectors --model " + kBase + " --log quiet --data " + (scratch / "one.jsonl").string() +
           " two=" + (scratch / "two.jsonl").string() + " " + rest;
  }
};

}  // namespace

TEST_CASE("task-vectors prints its directory, and does nothing twice") {
  const VectorFiles files;
  const std::string out = files.scratch / "vectors";
  const std::string method = GENERATE("text", "fisher");
  const Outcome first = phatgoose_line(files.command("--method " + method + " --out " + out));
  INFO(first.err);
  CHECK(first.code == 0);
  CHECK(first.out == out + "\n");
  CHECK(read_task_vectors(out).tasks == std::vector<std::string>{"one", "two"});
  const std::string bytes = read_text(files.scratch / "vectors/vectors.safetensors");
  const Outcome finished = phatgoose_line(files.command("--method " + method + " --threads 1 --out " + out));
  CHECK(finished.code == 0);
  CHECK(finished.out == out + "\n");
  CHECK(read_text(files.scratch / "vectors/vectors.safetensors") == bytes);
  const Outcome shown = phatgoose_line("inspect --verify " + out);
  CHECK(shown.code == 0);
  CHECK_THAT(shown.out, Catch::Contains("task-vectors"));
}

TEST_CASE("tasks that share their rows have the same vector") {
  const VectorFiles files;
  const Outcome made = phatgoose_line(files.command("same=" + (files.scratch / "two.jsonl").string() +
                                                    " --method text --out " + (files.scratch / "vectors").string()));
  INFO(made.err);
  REQUIRE(made.code == 0);
  const TaskVectors vectors = read_task_vectors(files.scratch / "vectors");
  CHECK(vectors.tasks == std::vector<std::string>{"one", "two", "same"});
  const auto row = [&](std::int64_t task) { return vectors.values.begin() + task * vectors.dimension; };
  CHECK(std::equal(row(1), row(2), row(2)));
  CHECK_FALSE(std::equal(row(0), row(1), row(1)));
}

TEST_CASE("sentence encoders make task vectors, too") {
  const VectorFiles files;
  const std::string out = files.scratch / "vectors", text = files.scratch / "text.jsonl";
  const std::string command = "task-vectors --model " + kBaseOfText + " --method text --data " + text + " --encoder ";
  const Outcome made = phatgoose_line(command + kSentences + " --out " + out);
  INFO(made.err);
  REQUIRE(made.code == 0);
  REQUIRE(read_task_vectors(out).recipe.encoder);
  CHECK(read_task_vectors(out).recipe.encoder->name == "model");
  const std::string like = " --like DIR/vectors --out DIR/new";
  const std::string same = "task-vectors --model " + kBaseOfText + " --data DIR/text.jsonl";
  check_bad_use(files.scratch.path(),
                {{same + like, 2, {"--encoder: missing", "the encoder model"}},
                 {same + like + " --encoder " + golden_path("encoder_families/mpnet").string(),
                  3,
                  {"the encoder with fingerprint", "/vectors was made with"}},
                 {same + like + " --max-input 9 --encoder " + kSentences, 2, {"--max-input", "--encoder"}}});
}

TEST_CASE("task-vectors refuses bad use, and leaves nothing half-written") {
  const VectorFiles files;
  const fs::path& scratch = files.scratch.path();
  for (const char* method : {"text", "fisher"}) {
    REQUIRE(phatgoose_line(files.command(std::string("--out ") + (scratch / method).string() + " --method " + method))
                .code == 0);
  }
  fs::copy(scratch / "fisher", scratch / "cut", fs::copy_options::recursive);
  fs::remove(scratch / "cut/reduction.safetensors");
  const std::string model = "task-vectors --model " + kBase + " ", two = "--data DIR/one.jsonl DIR/two.jsonl ";
  const std::string out = "--out DIR/out ", text = model + out + "--method text ",
                    fisher = model + out + "--method fisher ";
  const std::string like = model + out + "--data new=DIR/one.jsonl --like ";
  check_bad_use(
      scratch,
      {
          {model + two + out, 2, {"--method: missing", "--like"}},
          {model + out + "--method text", 2, {"--data: missing"}},
          {model + two + "--method text", 2, {"--out: missing"}},
          {model + two + out + "--method magic", 2, {"magic", "text", "fisher"}},
          {text + two + "--adapter-size 4", 2, {"--adapter-size", "--method text", "--method fisher"}},
          {text + two + "--max-target 4", 2, {"--max-target", "--method fisher"}},
          {fisher + two + "--encoder " + kSentences, 2, {"--encoder", "--method fisher", "--method text"}},
          {text + two + "--max-input 9 --encoder " + kSentences, 2, {"--max-input", "--encoder"}},
          {text + two + "--examples 0", 2, {"--examples"}},
          {fisher + "--data DIR/one.jsonl", 2, {"--data: one task", "two or more", "--like DIR"}},
          {text + "--data DIR/one.jsonl one=DIR/one.jsonl", 2, {"one.jsonl", "every file once"}},
          {text + "--data a,b=DIR/one.jsonl", 2, {"--data", "a,b"}},
          {text + "--data DIR/none.jsonl", 3, {"none.jsonl"}},
          {text + "--data DIR/empty.jsonl", 3, {"empty.jsonl"}},
          {text + "--data DIR/bad.jsonl", 3, {"bad.jsonl:2", "5000"}},
          {text + "--data DIR/text.jsonl", 3, {"text.jsonl:1", "spiece.model"}},
          {text + "--encoder " + kSentences + " --data DIR/one.jsonl", 3, {"one.jsonl:1", "without tokenizer"}},
          {text + two + "--encoder DIR/none", 3, {"none"}},
          {"task-vectors --method text --model DIR/none " + two + out, 3, {"none"}},
          {model + two + "--method text --out DIR/other", 2, {"--out", "other contains file"}},
          {model + two + "--method text --out DIR/fisher", 2, {"began with", "fisher"}},
          {like + "DIR/text --method fisher", 2, {"--method: fisher", "expected text", "/text was made with"}},
          {like + "DIR/fisher --adapter-size 4", 2, {"--adapter-size: 4", "expected 8"}},
          {like + "DIR/fisher --max-input 9", 2, {"--max-input: 9", "expected 512"}},
          {like + "DIR/fisher --dtype bf16", 2, {"--dtype: bf16", "expected fp32"}},
          {like + "DIR/text --adapter-size 8", 2, {"--adapter-size", "--method text"}},
          {like + "DIR/text --encoder " + kSentences, 2, {"--encoder", "the base's own encoder"}},
          {like + "DIR/cut", 3, {"cut/reduction.safetensors", "missing"}},
          {like + "DIR/none", 3, {"none", "no manifest.json", "task-vectors"}},
          {like + kBase, 3, {"no manifest.json", "task-vectors"}},
          {"task-vectors --model " + kOtherBase + " --data DIR/one.jsonl --like DIR/text " + out,
           3,
           {"text", "another base than --model"}},
      });
}
