#include "phatgoose/base/options.h"

#include <catch2/catch.hpp>
#include <sstream>

#include "phatgoose/base/json.h"
#include "phatgoose/base/options_yaml.h"
#include "phatgoose/base/version.h"
#include "support/fails_with.h"
#include "support/scratch_directory.h"

using namespace phatgoose;
using phatgoose::test::FailsWith;

namespace {

const std::vector<Preset> kPresets = {{"small", "cook:\n  steps: 7\n  rate: 0.5\nclean:\n  steps: 9\n"},
                                      {"other", "clean:\n  steps: 9\n"},
                                      {"wrong", "cook:\n  stepz: 9\n"}};

/// A command with an option of every kind.
struct Kitchen {
  bool json = false;
  bool shuffle = true;
  std::int64_t steps = 100;
  double rate = 1e-8;
  std::string model;
  std::string dtype = "auto";
  std::vector<std::string> data;
  std::optional<std::int64_t> limit;
  std::optional<double> alpha;
  std::optional<std::string> text;
  OptionSet set{"cook", "Cooks things."};

  Kitchen() {
    set.add("model", &model, "what to cook").as("DIR").must();
    set.add("data", &data, "ingredients").as("FILE");
    set.begin_group("Heat");
    set.add("steps", &steps, "how long").between(1, 1000);
    set.add("rate", &rate, "how fast").at_least(0);
    set.begin_group("Options");
    set.add("json", &json, "say it in JSON");
    set.add("shuffle", &shuffle, "mix first");
    set.add("dtype", &dtype, "kind of numbers").one_of({"auto", "fp32", "bf16"});
    set.add("limit", &limit, "how many").at_least(1).formerly({"most", "at-most"});
    set.add("alpha", &alpha, "how much");
    set.add("text", &text, "a note");
    set.set_presets(kPresets);
  }

  std::string answer;

  ParseOutcome parse(const std::vector<std::string>& arguments) {
    std::ostringstream out;
    const ParseOutcome outcome = parse_options(set, arguments, out);
    answer = out.str();
    return outcome;
  }
  /// As parse, with the one required option given.
  ParseOutcome run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--model", "m"});
    return parse(arguments);
  }
};

/// A command that takes a directory without the name of an option.
struct Look {
  std::string directory;
  bool json = false;
  OptionSet set{"look", "Looks."};
  Look() {
    set.add("directory", &directory, "where to look").as("DIR").must().as_positional();
    set.add("json", &json, "say it in JSON");
  }
  void parse(const std::vector<std::string>& arguments) {
    std::ostringstream out;
    parse_options(set, arguments, out);
  }
};

std::string config(const test::ScratchDirectory& directory, const std::string& yaml) {
  test::write_text(directory / "settings.yaml", yaml);
  return (directory / "settings.yaml").string();
}

}  // namespace

TEST_CASE("the command line sets options of every type") {
  Kitchen kitchen;
  const auto outcome = kitchen.parse({"--model", "a dir",   "--steps=010", "--rate", "2.5e-3", "--json",  "--shuffle",
                                      "false",   "--data",  "a",           "b",      "--data", "c",       "--limit",
                                      "3",       "--alpha", "-1.5",        "--text", "-",      "--dtype", "bf16"});
  REQUIRE(outcome == ParseOutcome::run);
  CHECK(kitchen.model == "a dir");
  CHECK(kitchen.steps == 10);
  CHECK(kitchen.rate == 2.5e-3);
  CHECK(kitchen.json);
  CHECK_FALSE(kitchen.shuffle);
  CHECK(kitchen.data == std::vector<std::string>{"a", "b", "c"});
  CHECK(kitchen.limit == 3);
  CHECK(kitchen.alpha == -1.5);
  CHECK(kitchen.text == "-");
  CHECK(kitchen.dtype == "bf16");
}

TEST_CASE("flags: bare, with a value, with an equals sign, and before a positional argument") {
  Kitchen kitchen;
  kitchen.run({"--shuffle=false", "--json", "true"});
  CHECK_FALSE(kitchen.shuffle);
  CHECK(kitchen.json);
  CHECK_THROWS_MATCHES(kitchen.run({"--json=maybe"}), Error,
                       FailsWith(ExitCode::usage, "--json: \"maybe\"", "true or false"));
  Look look;
  look.parse({"--json", "somewhere"});
  CHECK(look.json);
  CHECK(look.directory == "somewhere");
  look.parse({"--json", "--", "--odd"});
  CHECK(look.directory == "--odd");
}

TEST_CASE("what the command line gets wrong is a usage error that names the option") {
  Kitchen kitchen;
  const auto refuses = [&](const std::vector<std::string>& arguments, auto... parts) {
    CHECK_THROWS_MATCHES(kitchen.run(arguments), Error, FailsWith(ExitCode::usage, parts...));
  };
  refuses({"--stepz", "3"}, "--stepz: unknown option", "did you mean --steps?");
  refuses({"--stepz=3"}, "--stepz: unknown option", "did you mean --steps?");
  refuses({"-s", "3"}, "-s: unknown option");
  refuses({"stray"}, "\"stray\": unexpected argument");
  refuses({"--steps", "3", "--steps", "4"}, "--steps: given more than once");
  refuses({"--steps", "3", "4"}, "\"4\"");
  refuses({"--json", "--json"}, "--json: given more than once");
  refuses({"--steps"}, "--steps: needs a value; expected INTEGER, how long");
  refuses({"--data"}, "--data: needs a value; expected FILE..., ingredients");
  refuses({"--steps", "--json"}, "--steps: needs a value before --json");
  refuses({"--steps", "many"}, "--steps: \"many\"", "an integer from 1 to 1000");
  refuses({"--steps", "3.5"}, "an integer");
  refuses({"--steps", "3x"}, "an integer");
  refuses({"--steps", ""}, "an integer");
  refuses({"--steps", "0"}, "from 1 to 1000");
  refuses({"--steps", "1001"}, "from 1 to 1000");
  refuses({"--steps", "99999999999999999999"}, "from 1 to 1000");
  refuses({"--rate", "-1"}, "a number of at least 0");
  refuses({"--rate", "nan"}, "a number");
  refuses({"--rate", "inf"}, "a number");
  refuses({"--rate", "0x10"}, "a number");
  refuses({"--dtype", "bf6"}, "one of auto, fp32, bf16", "did you mean bf16?");
  refuses({"--limit", "0"}, "at least 1");
}

TEST_CASE("required options must be given and not be empty") {
  Kitchen kitchen;
  CHECK_THROWS_MATCHES(kitchen.parse({}), Error, FailsWith(ExitCode::usage, "--model: missing", "DIR"));
  CHECK_THROWS_MATCHES(kitchen.parse({"--model", ""}), Error, FailsWith(ExitCode::usage, "--model: missing"));
  Look look;
  CHECK_THROWS_MATCHES(look.parse({}), Error, FailsWith(ExitCode::usage, "directory: missing"));
  CHECK_THROWS_MATCHES(look.parse({"a", "b"}), Error, FailsWith(ExitCode::usage));
}

TEST_CASE("a settings file sets options of every type") {
  const test::ScratchDirectory directory;
  Kitchen kitchen;
  kitchen.limit = 4;
  kitchen.parse({"--config", config(directory,
                                    "# a comment\nmodel: m\nsteps: 010\nrate: 1e-3\njson: true\nshuffle: false\n"
                                    "data: [a, \"b c\"]\nlimit: null\nalpha: 2\ntext: \"null\"\ndtype: fp32\n")});
  CHECK(kitchen.model == "m");
  CHECK(kitchen.steps == 10);
  CHECK(kitchen.rate == 1e-3);
  CHECK(kitchen.json);
  CHECK_FALSE(kitchen.shuffle);
  CHECK(kitchen.data == std::vector<std::string>{"a", "b c"});
  CHECK_FALSE(kitchen.limit.has_value());
  CHECK(kitchen.alpha == 2.0);
  CHECK(kitchen.text == "null");
  CHECK(kitchen.dtype == "fp32");

  kitchen.run({"--config", config(directory, "data: one\n")});
  CHECK(kitchen.data == std::vector<std::string>{"one"});
  kitchen.run({"--config", config(directory, "")});
}

TEST_CASE("what a settings file gets wrong is a usage error with file and line") {
  const test::ScratchDirectory directory;
  Kitchen kitchen;
  const auto refuses = [&](const std::string& yaml, auto... parts) {
    INFO(yaml);
    CHECK_THROWS_MATCHES(kitchen.run({"--config", config(directory, yaml)}), Error,
                         FailsWith(ExitCode::usage, parts...));
  };
  refuses("rate: 1\nstepz: 3\n", "settings.yaml:2: unknown option \"stepz\"", "did you mean steps?");
  refuses("help: true\n", "settings.yaml:1: unknown option \"help\"");
  refuses("steps: 3\nrate: 1\nsteps: 4\n", "settings.yaml:3: duplicate key \"steps\"");
  refuses("\nsteps: many\n", "settings.yaml:2: \"many\"", "an integer");
  refuses("steps: 2.0\n", "an integer");
  refuses("steps: 0x10\n", "an integer");
  refuses("steps: \"3\"\n", "settings.yaml:1: the text \"3\" for steps", "without quotes");
  refuses("steps: [3]\n", "settings.yaml:1: a list or mapping for steps");
  refuses("steps: {a: 3}\n", "a list or mapping for steps");
  refuses("steps: null\n", "\"null\" is not a valid value for steps");
  refuses("steps:\n", "\"null\" is not a valid value for steps");
  refuses("steps: 1001\n", "from 1 to 1000");
  refuses("json: yes\n", "\"yes\" is not a valid value for json", "true or false");
  refuses("data: [a, [b]]\n", "a list or mapping for data");
  refuses("dtype: fp64\n", "one of auto, fp32, bf16");
  refuses("- steps\n", "settings.yaml:1: not a mapping");
  refuses("[a]: 3\n", "a key that is not plain text");
  refuses("steps: 3\n---\nrate: 1\n", "a second document");
  refuses("steps: [3\n", "settings.yaml:", "YAML");
  refuses("steps: 3\n\trate: 1\n", "settings.yaml:2");
  CHECK_THROWS_MATCHES(kitchen.run({"--config", (directory / "none.yaml").string()}), Error,
                       FailsWith(ExitCode::usage, "--config", "none.yaml", "No such file"));
}

TEST_CASE("default < preset < settings file < command line") {
  const test::ScratchDirectory directory;
  const std::string file = config(directory, "steps: 8\n");
  Kitchen by_preset;
  by_preset.run({"--preset", "small"});
  CHECK(by_preset.steps == 7);
  CHECK(by_preset.rate == 0.5);
  Kitchen by_file;
  by_file.run({"--config", file, "--preset", "small"});
  CHECK(by_file.steps == 8);
  CHECK(by_file.rate == 0.5);
  Kitchen by_hand;
  by_hand.run({"--steps", "9", "--config", file, "--preset", "small"});
  CHECK(by_hand.steps == 9);
}

TEST_CASE("a settings file may have sections for several commands") {
  const test::ScratchDirectory directory;
  Kitchen kitchen;
  kitchen.set.set_commands({"cook", "clean"});
  kitchen.run({"--config", config(directory, "clean: {steps: 900, soap: true}\ncook:\n  steps: 8\n  rate: 2\n")});
  CHECK(kitchen.steps == 8);
  CHECK(kitchen.rate == 2.0);
  kitchen.run({"--config", config(directory, "cook:\nclean: {steps: 9}\n")});
  CHECK(kitchen.steps == 8);

  const auto refuses = [&](const std::string& yaml, auto... parts) {
    INFO(yaml);
    CHECK_THROWS_MATCHES(kitchen.run({"--config", config(directory, yaml)}), Error,
                         FailsWith(ExitCode::usage, parts...));
  };
  refuses("clean: {steps: 9}\n", "settings.yaml: no section for cook (it has settings for clean)");
  refuses("cook: {steps: 9}\nclaen: {steps: 9}\n", "settings.yaml:2: \"claen\"", "did you mean clean?");
  refuses("cook: {steps: 9}\nrate: 1\n", "settings.yaml:2: \"rate\" next to sections");
  refuses("cook: 3\n", "settings.yaml:1: a plain value for cook");
  refuses("cook:\n  stepz: 3\n", "settings.yaml:2: unknown option \"stepz\"", "did you mean steps?");
  refuses("cok: {steps: 3}\n", "settings.yaml:1: unknown option \"cok\"", "did you mean cook?");
}

TEST_CASE("a command without presets says so") {
  Look look;
  CHECK_THROWS_MATCHES(look.parse({"--preset", "small"}), Error,
                       FailsWith(ExitCode::usage, "--preset: look has no presets"));
}

TEST_CASE("a preset must exist for the command, and is checked like a file") {
  Kitchen kitchen;
  CHECK_THROWS_MATCHES(kitchen.run({"--preset", "smal"}), Error,
                       FailsWith(ExitCode::usage, "--preset: cook has no preset \"smal\"", "one of small, wrong",
                                 "did you mean small?"));
  CHECK_THROWS_MATCHES(kitchen.run({"--preset", "other"}), Error,
                       FailsWith(ExitCode::usage, "cook has no preset \"other\""));
  CHECK_THROWS_MATCHES(kitchen.run({"--preset", "wrong"}), Error,
                       FailsWith(ExitCode::usage, "preset wrong:2: unknown option \"stepz\""));
}

TEST_CASE("a dump read back gives the same settings") {
  const test::ScratchDirectory directory;
  Kitchen kitchen;
  const auto outcome =
      kitchen.parse({"--model", "a: 'b' \"c\"\n#", "--rate", "0.1", "--data", "true", "null", "1", "x y", "--text",
                     "no", "--alpha", "1e-300", "--shuffle", "false", "--dump-config"});
  REQUIRE(outcome == ParseOutcome::answered);
  Kitchen again;
  again.parse({"--config", config(directory, kitchen.answer)});
  CHECK(again.set.values() == kitchen.set.values());
  CHECK(again.set.dump() == kitchen.answer);

  Kitchen untouched;
  REQUIRE(untouched.parse({"--dump-config"}) == ParseOutcome::answered);
  CHECK_THAT(untouched.answer, Catch::Contains("rate: 1e-08\n") && Catch::Contains("limit: null\n") &&
                                   Catch::Contains("model: \"\"  # required\n"));
}

TEST_CASE("values hold every option with its type") {
  Kitchen kitchen;
  kitchen.run({"--limit", "3"});
  CHECK(kitchen.set.values().dump() ==
        R"({"model":"m","data":[],"steps":100,"rate":1e-08,"json":false,"shuffle":true,"dtype":"auto","limit":3,)"
        R"("alpha":null,"text":null})");
}

TEST_CASE("help tells every option with its default and limits, and wins over mistakes in values") {
  Kitchen kitchen;
  REQUIRE(kitchen.parse({"--steps", "many", "--help"}) == ParseOutcome::answered);
  for (const char* part :
       {"Usage: phatgoose cook --model DIR [OPTIONS]\n", "Cooks things.", "\nHeat:\n", "--steps INTEGER",
        "how long; an integer from 1 to 1000 (default: 100)", "--dtype auto|fp32|bf16", "--data FILE...", "--json  ",
        "--shuffle true|false", "(default: true)", "what to cook (required)", "--preset NAME",
        "settings: small, wrong;", "-h, --help", "-V, --version"}) {
    CHECK_THAT(kitchen.answer, Catch::Contains(part));
  }
  REQUIRE(kitchen.parse({"-h"}) == ParseOutcome::answered);
  std::istringstream lines(kitchen.answer);
  for (std::string line; std::getline(lines, line);) CHECK(line.size() <= 80);
}

TEST_CASE("more choices than a line has room for are listed in the explanation") {
  Kitchen kitchen;
  const std::vector<std::string> choices(12, "long-name");
  std::string pot;
  kitchen.set.add("pot", &pot, "which pot").one_of(choices);
  CHECK_THAT(kitchen.set.help(), Catch::Contains("--pot NAME ") && Catch::Contains("which pot; one of long-name,"));
}

TEST_CASE("help ends with the examples, broken at options") {
  Kitchen kitchen;
  kitchen.set.set_examples({"phatgoose cook --model soup --text '" + std::string(60, 'a') + "' --data salt pepper"});
  CHECK_THAT(kitchen.set.help(), Catch::EndsWith("\nExamples:\n  phatgoose cook --model soup \\\n    --text '" +
                                                 std::string(60, 'a') + "' \\\n    --data salt pepper\n"));
  CHECK_THAT(kitchen.set.markdown(), Catch::Contains("```bash\nphatgoose cook --model soup --text"));
}

TEST_CASE("manual pages escape what roff would read") {
  Kitchen kitchen;
  std::string note;
  kitchen.set.add("dot", &note, ".TH 'quoted' back\\slash");
  const std::string page = kitchen.set.manual();
  CHECK_THAT(page, Catch::StartsWith(".TH PHATGOOSE\\-COOK 1 "));
  CHECK_THAT(page, Catch::Contains("\n.TP\n\\fB\\-\\-dot TEXT\\fR\n\\&.TH \\(aqquoted\\(aq back\\eslash\n"));
}

TEST_CASE("version is answered without any other option") {
  for (const char* option : {"--version", "-V"}) {
    Kitchen kitchen;
    REQUIRE(kitchen.parse({option}) == ParseOutcome::answered);
    CHECK(kitchen.answer == std::string("phatgoose ") + version() + "\n");
  }
}

TEST_CASE("markdown escapes the bars of its tables") {
  CHECK_THAT(Kitchen().set.markdown(), Catch::Contains("## cook\n") && Catch::Contains("`--dtype auto\\|fp32\\|bf16`"));
}

TEST_CASE("an option that was renamed is refused under its old names, and the new one is named") {
  Kitchen kitchen;
  CHECK_THROWS_MATCHES(kitchen.run({"--most", "3"}), Error,
                       FailsWith(ExitCode::usage, "--most: this option was renamed; expected --limit"));
  CHECK_THROWS_MATCHES(kitchen.run({"--at-most=3"}), Error,
                       FailsWith(ExitCode::usage, "--at-most: this option was renamed; expected --limit"));
  CHECK_THROWS_MATCHES(apply_yaml(kitchen.set, "steps: 3\nmost: 3\n", "f.yaml"), Error,
                       FailsWith(ExitCode::usage, "f.yaml:2: \"most\" was renamed; expected \"limit\""));
  CHECK_THROWS_MATCHES(kitchen.run({"---"}), Error, FailsWith(ExitCode::usage, "unknown option"));
}

TEST_CASE("an option declared twice is our bug") {
  Kitchen kitchen;
  CHECK_THROWS_MATCHES(kitchen.set.add("steps", &kitchen.steps, ""), Error, FailsWith(ExitCode::bug, "steps"));
}

TEST_CASE("an option may have a meaning of its own without a value, and takes the next argument only if that is one") {
  for (const auto& [arguments, value, rest] :
       std::vector<std::tuple<std::vector<std::string>, std::string, std::string>>{
           {{"--show"}, "some", ""},
           {{"--show", "all"}, "all", ""},
           {{"--show=all"}, "all", ""},
           {{"--show", "file"}, "some", "file"},
           {{"file", "--show"}, "some", "file"},
           {{"--show", "all", "file"}, "all", "file"},
           {{}, "", ""}}) {
    std::string show, file;
    OptionSet set("look", "Looks.");
    set.add("show", &show, "what").one_of({"some", "all"}).alone_means("some");
    set.add("file", &file, "where").as_positional();
    std::ostringstream out;
    CHECK(parse_options(set, arguments, out) == ParseOutcome::run);
    CHECK(show == value);
    CHECK(file == rest);
    CHECK_THAT(set.help(), Catch::Contains("--show [some|all]"));
    CHECK_THROWS_MATCHES(parse_options(set, {"--show=none"}, out), Error,
                         FailsWith(ExitCode::usage, "--show", "one of some, all"));
  }
}
