// What the program says about itself: help, version, data directory, and that the examples of help run.
#include <catch2/catch.hpp>
#include <regex>
#include <sstream>

#include "cli/bad_use.h"
#include "cli/program.h"
#include "phatgoose/base/version.h"
#include "phatgoose/settings/commands.h"
#include "support/scratch_directory.h"

using namespace phatgoose;
using namespace phatgoose::test;

namespace {

/// The commands below "Examples:" in a help page, each as one line.
std::vector<std::string> examples_in(const std::string& page) {
  std::vector<std::string> commands;
  std::istringstream lines(page.substr(page.find("\nExamples:\n") + 11));
  std::string command;
  for (std::string line; std::getline(lines, line);) {
    const bool goes_on = line.ends_with("\\");
    command += line.substr(0, line.size() - (goes_on ? 1 : 0));
    if (!goes_on) commands.push_back(std::exchange(command, ""));
  }
  return commands;
}

/// An example as it is run here: training ends after one step, and there is no checkpoint of the original code.
std::string shortened(const std::string& command, const std::string& example) {
  if (command == "import") return example + " --dump-config";
  if (command != "pretrain" && !command.starts_with("train-")) return example;
  return std::regex_replace(example, std::regex(" --steps [0-9]+"), "") + " --steps 1";
}

Outcome in_shell(const std::string& script) { return run_program("/bin/bash", {"-euo", "pipefail", "-c", script}); }

}  // namespace

TEST_CASE("no line of help is wider than a terminal") {
  std::vector<std::string> pages = {phatgoose_line("help").out};
  for (const std::string& name : command_names()) pages.push_back(phatgoose_line("help " + name).out);
  for (const std::string& page : pages) {
    CHECK_THAT(page, Catch::StartsWith("Usage: phatgoose "));
    std::istringstream lines(page);
    for (std::string line; std::getline(lines, line);) {
      INFO(line);
      CHECK(line.size() <= 80);
    }
  }
}

TEST_CASE("help and version, however they are asked for") {
  const std::string about_program = phatgoose_line("--help").out, about_eval = phatgoose_line("eval --help").out;
  CHECK(phatgoose_line("help").out == about_program);
  CHECK(phatgoose_line("help eval").out == about_eval);
  CHECK(phatgoose_line("eval -h").out == about_eval);
  const std::string is_version = std::string("phatgoose ") + version() + "\n";
  CHECK(phatgoose_line("-V").out == is_version);
  CHECK(phatgoose_line("eval --version").out == is_version);
  CHECK(phatgoose_line("eval -V").out == is_version);
  const ScratchDirectory directory;
  check_bad_use(directory.path(), {{"help evil", 2, {"\"evil\": unknown command", "did you mean eval?"}},
                                   {"help eval now", 2, {"unexpected argument \"now\""}},
                                   {"--version now", 2, {"unexpected argument \"now\""}},
                                   {"--dump-completion csh", 2, {"\"csh\"", "bash, fish or zsh"}}});
}

TEST_CASE("the data directory has what comes with the program") {
  std::string directory = phatgoose_line("--data-dir").out;
  directory.pop_back();
  for (const char* file : {"assets/base/config.json", "assets/suites/held-in.yaml", "configs/presets/small.yaml",
                           "configs/suites/t0-held-out.yaml", "scripts/slurm/step.sh"}) {
    CHECK(std::filesystem::exists(std::filesystem::path(directory) / file));
  }
}

TEST_CASE("a suite that comes with the program is found by its name") {
  const ScratchDirectory directory;
  check_bad_use(directory.path(),
                {{"eval --model DIR/none --out DIR/out --suite held-inn", 2, {"held-inn", "two-hops", "mean held-in?"}},
                 {"eval --model DIR/none --out DIR/out --suite held-in", 3, {"none: no such directory"}},
                 {"eval --model DIR/none --out DIR/out --suite bbhh", 2, {"\"bbhh\"", "bbl, flan,", "mean bbh?"}},
                 {"eval --model DIR/none --out DIR/out --suite bbh",
                  3,
                  {"suite bbh: no data", "22 of 22 tasks", "--data-dir", "make.sh bbh --from"}}});
}

TEST_CASE("the examples of help run, one after the other") {
  const ScratchDirectory directory;
  const std::string prepare = "cd '" + directory.path().string() + "'; PATH=" + PHATGOOSE_PROGRAMS_DIR + ":$PATH; ";
  const Outcome linked =
      in_shell(prepare +
               "ln -s \"$(phatgoose --data-dir)/assets\" .; "
               "sed -E 's/.*\"input\": \"([^\"]*)\".*/\\1/' assets/tasks/*/train.jsonl | gzip > text.txt.gz");
  REQUIRE(linked.code == 0);
  for (const std::string& command : command_names()) {
    const std::vector<std::string> examples = examples_in(phatgoose_line("help " + command).out);
    CHECK_FALSE(examples.empty());
    for (const std::string& example : examples) {
      const Outcome outcome = in_shell(prepare + shortened(command, example));
      INFO(example << "\n" << outcome.err);
      CHECK(outcome.code == 0);
      CHECK_FALSE(outcome.out.empty());
    }
  }
}
