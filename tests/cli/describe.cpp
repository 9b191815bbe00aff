// phatgoose describe without a language model: what is written, and what is refused. (check_describe.py has the rest.)
#include <catch2/catch.hpp>

#include "cli/bad_use.h"
#include "cli/program.h"
#include "phatgoose/data/descriptions.h"
#include "phatgoose/store/expert_description.h"
#include "phatgoose/store/expert_directory.h"
#include "phatgoose/store/stored_embeddings.h"
#include "support/golden.h"
#include "support/scratch_directory.h"

using namespace phatgoose;
using namespace phatgoose::test;

namespace {

const std::string kBase = golden_path("../../assets/base").lexically_normal();
const std::string kOtherBase = golden_path("t5_v1_1/model");
const std::string kMiniEncoder = golden_path("encoder/model");
const std::string kAssets = golden_path("../../assets").lexically_normal();

void copy_experts(const ScratchDirectory& scratch, const std::vector<std::string>& names) {
  std::filesystem::create_directories(scratch / "library");
  for (const std::string& name : names) {
    std::filesystem::copy(kAssets + "/experts/" + name, scratch / ("library/" + name),
                          std::filesystem::copy_options::recursive);
  }
}

std::string data_of(const std::string& name) { return " --data " + kAssets + "/tasks/" + name + "/train.jsonl"; }

std::string text_of(const std::filesystem::path& expert) { return read_description(expert).value().text; }

}  // namespace

TEST_CASE("describe writes text and embedding, prints the directory, and does nothing twice") {
  const ScratchDirectory scratch;
  copy_experts(scratch, {"food"});
  const std::string food = scratch / "library/food";
  const std::string line = "describe --model " + kBase + " --expert " + food + " --source rule" + data_of("food");
  const Outcome first = phatgoose_line(line);
  INFO(first.err);
  CHECK(first.code == 0);
  CHECK(first.out == food + "\n");
  const ExpertDescription description = read_description(food).value();
  CHECK_THAT(description.text, Catch::StartsWith("A task about ") && Catch::Contains("food"));
  CHECK(description.source == "rule");
  CHECK(description.examples.size() == 3);
  CHECK(description.made_from["data"] == Json{content_hash_of_file(kAssets + "/tasks/food/train.jsonl")});
  const StoredEmbeddings embeddings = read_embeddings(food + "/description.safetensors");
  CHECK(embeddings.embeddings.shape == std::vector<std::int64_t>{1, 320});
  CHECK(embeddings.encoder_name == "base encoder mean");
  const Json made_from = Json::parse(embeddings.file->metadata().at("made_from"));
  CHECK(made_from["adapter"] == ExpertDirectory::open(food).adapter_hash());

  const std::string bytes = read_text(food + "/description.json");
  const Outcome again = phatgoose_line(line);
  CHECK_THAT(again.err,
             Catch::Contains("description.json is finished") && Catch::Contains("description.safetensors is finished"));
  CHECK(read_text(food + "/description.json") == bytes);
  CHECK_THAT(phatgoose_line(line + " --seed 1").err, !Catch::Contains("finished"));  // other examples
  CHECK(read_text(food + "/description.json") != bytes);
  const Outcome other = phatgoose_line(line + " --seed 1 --encoder " + kMiniEncoder);  // another embedding of it
  CHECK_THAT(other.err, Catch::Contains("description.json is finished") &&
                            Catch::Contains("wrote " + food + "/description.safetensors"));
  CHECK(read_embeddings(food + "/description.safetensors").encoder_name == "model");
}

TEST_CASE("the experts of a command, or of a library, are told from each other") {
  const ScratchDirectory scratch;
  copy_experts(scratch, {"food", "home"});
  for (const std::string name : {"food", "home", "sort"}) {
    write_text(scratch / (name + ".jsonl"), "{\"input\": \"Usual " + name + " question\", \"target\": \"12\"}\n");
  }
  const std::string library = scratch / "library", start = "describe --encoder " + kMiniEncoder + " --source rule ";
  const std::string rows = " --data " + (scratch / "{name}.jsonl").string();
  const Outcome alone = phatgoose_line(start + "--expert " + library + "/home" + rows);
  INFO(alone.err);
  CHECK(alone.code == 0);
  CHECK(text_of(library + "/home") == "A task about usual, home and question, answered with a number.");
  CHECK(phatgoose_line(start + "--library " + library + rows).code == 0);
  const std::string home = "A task about home, usual and question, answered with a number.";
  CHECK(text_of(library + "/home") == home);
  CHECK(text_of(library + "/food") == "A task about food, usual and question, answered with a number.");

  // An expert that joins is told from those that are there, which stay as they are.
  copy_experts(scratch, {"sort"});
  const Outcome joined = phatgoose_line(start + "--expert " + library + "/sort --apart-from " + library + rows);
  CHECK(joined.code == 0);
  CHECK(text_of(library + "/sort") == "A task about sort, usual and question, answered with a number.");
  const Outcome whole = phatgoose_line(start + "--library " + library + rows);
  for (const char* name : {"food", "home", "sort"}) {
    CHECK_THAT(whole.err, Catch::Contains(std::string(name) + "/description.json is finished"));
  }
  CHECK(text_of(library + "/home") == home);
}

TEST_CASE("a text that is given is taken as it is, in any language") {
  const ScratchDirectory scratch;
  copy_experts(scratch, {"food", "home"});
  const std::string library = scratch / "library", start = "describe --encoder " + kMiniEncoder;
  CHECK(run_program("phatgoose", {"describe", "--encoder", kMiniEncoder, "--expert", library + "/food", "--text",
                                  "Nenne das Futter: „えさ“."})
            .code == 0);
  CHECK(text_of(library + "/food") == "Nenne das Futter: „えさ“.");
  write_text(scratch / "texts.yaml", "food: Name the food.\nplace: Name the home.\n");
  const std::string texts = " --texts " + (scratch / "texts.yaml").string();
  const Outcome both = phatgoose_line(start + texts + " --expert " + library + "/food place=" + library + "/home");
  INFO(both.err);
  CHECK(both.code == 0);
  CHECK(text_of(library + "/food") == "Name the food.");
  CHECK(text_of(library + "/home") == "Name the home.");
  CHECK(read_description(library + "/home")->source == "given");
  const std::string out = scratch / "targets.jsonl";
  CHECK(phatgoose_line("describe --suite held-in --tasks food --out " + out + texts).code == 0);
  CHECK(Descriptions::read(out).of("food", 3) == "Name the food.");
}

TEST_CASE("targets are described by task and by row, in one file") {
  const ScratchDirectory scratch;
  const std::string out = scratch / "new/targets.jsonl";
  const std::string line = "describe --suite several-skills --source rule --out " + out + " --tasks errand,round";
  const Outcome tasks = phatgoose_line(line);
  INFO(tasks.err);
  CHECK(tasks.code == 0);
  CHECK(tasks.out == out + "\n");
  CHECK(phatgoose_line(line + " --per query --limit 2").code == 0);
  const Descriptions descriptions = Descriptions::read(out);
  CHECK(descriptions.all().size() == 6);
  CHECK(descriptions.of("errand", 1) != descriptions.of("errand", 9));
  CHECK(descriptions.of("errand", 8) == descriptions.of("errand", 9));
  CHECK_THAT(phatgoose_line(line).err, Catch::Contains("targets.jsonl is finished"));
  CHECK_FALSE(std::filesystem::exists(out + ".partial"));
}

TEST_CASE("describe refuses bad use, and leaves everything as it is") {
  const ScratchDirectory scratch;
  copy_experts(scratch, {"food", "home"});
  copy_experts(scratch, {"sort"});
  write_text(scratch / "library/sort/description.json", "{\"text\": 3}");
  write_text(scratch / "ids.jsonl", "{\"input_ids\": [5, 1], \"target_ids\": [8, 1]}\n");
  write_text(scratch / "broken.jsonl", "{\"input\": \"a\", \"target\": \"b\"}\n{\"input\": \n");
  write_text(scratch / "empty.jsonl", "");
  write_text(scratch / "texts.yaml", "home: Name the home.\n");
  write_text(scratch / "long.yaml", "food: " + std::string(1001, 'x') + "\n");
  write_text(scratch / "old.jsonl", "{\"task\": \"food\"}\n");
  const std::string with = "describe --model " + kBase, food = with + " --expert DIR/library/food";
  const std::string rule = food + " --source rule", suite = "describe --suite held-in --out DIR/out.jsonl";
  const std::string server = " --endpoint http://127.0.0.1:1 --llm m";
  check_bad_use(
      scratch.path(),
      {
          {"describe", 2, {"nothing to describe"}},
          {food + data_of("food"), 2, {"--endpoint: missing", "--source rule"}},
          {food + data_of("food") + " --endpoint http://127.0.0.1:1", 2, {"--llm: missing"}},
          {food + data_of("food") + " --endpoint host --llm m", 2, {"--endpoint", "http://"}},
          {rule, 2, {"--data: missing"}},
          {rule + data_of("food") + server, 2, {"--endpoint: given with --source rule"}},
          {food + " --text x" + data_of("food"), 2, {"--data", "a text that is given"}},
          {food + " --text x --source rule", 2, {"--source: given with a text that is given"}},
          {food + " --text x --texts DIR/texts.yaml", 2, {"--text: --texts as well"}},
          {food + " --text ", 2, {"--text"}},
          {with + " --library DIR/library --text x", 2, {"--text: one text for 3", "--texts"}},
          {with + " --library DIR/library --source rule" + data_of("food"), 2, {"--data", "{name}"}},
          {"describe --expert DIR/library/food --text x", 2, {"--model, --encoder: neither"}},
          {food + " --text x --out DIR/o.jsonl", 2, {"--out: given with experts"}},
          {food + " --text x --per query", 2, {"--per query: given with experts"}},
          {food + " --text x --apart-from DIR/library", 2, {"--apart-from: no --source rule"}},
          {food + " --text x --examples 0", 2, {"--examples"}},
          {food + data_of("food") + server + " --timeout 0", 2, {"--timeout"}},
          {food + data_of("food") + server + " --temperature 3", 2, {"--temperature"}},
          {suite + " --source rule --expert DIR/library/food", 2, {"--expert: given with --suite"}},
          {suite + " --source rule --model " + kBase, 2, {"--model: given with --suite"}},
          {suite + " --source rule --limit 3", 2, {"--limit: --per task"}},
          {suite + " --source rule --per query --limit-seed 3", 2, {"--limit-seed: no --limit"}},
          {suite + " --text x --tasks food --per query", 2, {"--per query: a text that is given"}},
          {suite + " --source rule --tasks fod", 2, {"--tasks", "did you mean food?"}},
          {suite + " --source rule --per row", 2, {"--per", "query"}},
          {suite + " --text x", 2, {"--text: one text for 16"}},
          {"describe --suite held-in --source rule", 2, {"--out: missing"}},
          {"describe --suite held-in --source rule --out DIR/library", 2, {"--out", "is a directory"}},
          {"describe --suite held-in --source rule --out DIR/o.jsonl.gz", 2, {"--out", "without .gz"}},
          {"describe --suite none-such --source rule --out DIR/o.jsonl", 2, {"none-such"}},
          {"describe --suite held-in --source rule --out DIR/old.jsonl", 3, {"old.jsonl:1", "no \"text\""}},
          {suite + " --texts DIR/texts.yaml --tasks food", 3, {"texts.yaml", "no text of food"}},
          {food + " --texts DIR/texts.yaml", 3, {"texts.yaml", "no text of food"}},
          {food + " --texts DIR/long.yaml", 3, {"long.yaml:1", "1,001 characters"}},
          {food + " --texts DIR/none.yaml", 3, {"none.yaml"}},
          {rule + " --data DIR/ids.jsonl", 3, {"ids.jsonl:1", "a row of token ids", "--text"}},
          {rule + " --data DIR/broken.jsonl", 3, {"broken.jsonl:2"}},
          {rule + " --data DIR/empty.jsonl", 3, {"empty.jsonl"}},
          {rule + " --data DIR/{name}.jsonl", 3, {"/food.jsonl"}},
          {rule + data_of("food") + " --apart-from DIR/none", 3, {"none"}},
          {rule + data_of("food") + " --apart-from DIR/library", 3, {"sort/description.json", "\"text\"", "rm "}},
          {rule + data_of("food") + " --encoder DIR/none", 3, {"none"}},
          {with + " --expert DIR/none --text x", 3, {"none", "adapter_config.json"}},
          {"describe --model " + kOtherBase + " --expert DIR/library/food --text x", 3, {"another base"}},
      });
}
