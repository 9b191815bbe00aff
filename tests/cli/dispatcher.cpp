// The dispatcher: what it answers itself, how it hands over, and bad use that needs no command.
#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>

#include "cli/bad_use.h"
#include "cli/program.h"
#include "phatgoose/base/fill.h"
#include "phatgoose/base/version.h"
#include "phatgoose/settings/commands.h"
#include "support/scratch_directory.h"

using namespace phatgoose;
using namespace phatgoose::test;

TEST_CASE("a missing or unknown command is a usage error") {
  const ScratchDirectory directory;
  check_bad_use(directory.path(), {
                                      {"", 2, {"no command", "--help lists the commands"}},
                                      {"\"\"", 2, {"unknown command"}},
                                      {"--halp", 2, {"unknown option --halp"}},
                                      {"frobnicate", 2, {"\"frobnicate\": unknown command"}},
                                      {"INSPECT", 2, {"unknown command"}},
                                  });
}

TEST_CASE("help lists every command, on stdout alone") {
  for (const char* option : {"--help", "-h"}) {
    const Outcome outcome = phatgoose_line(option);
    CHECK(outcome.code == 0);
    CHECK(outcome.err.empty());
    for (const Command& command : all_commands()) {
      CHECK_THAT(outcome.out, Catch::Contains("  " + command.options.command() + " "));
      CHECK_THAT(outcome.out, Catch::Contains(fill_text(command.options.summary(), 18)));
    }
  }
}

TEST_CASE("version is the version") {
  CHECK(phatgoose_line("--version").out == std::string("phatgoose ") + version() + "\n");
}

TEST_CASE("every command has a program, and program and dispatcher give the same help and the same settings") {
  for (const Command& command : all_commands()) {
    const std::string name = command.options.command();
    for (const char* option : {"--help", "--dump-config"}) {
      INFO(name << " " << option);
      const Outcome dispatched = phatgoose_line(name + " " + option);
      const Outcome direct = run_program("phatgoose-" + name, {option});
      CHECK(dispatched.code == 0);
      CHECK(direct.code == 0);
      CHECK(dispatched.err.empty());
      CHECK(dispatched.out == direct.out);
    }
  }
}

TEST_CASE("every command refuses what it does not know") {
  const ScratchDirectory directory;
  write_text(directory / "unknown.yaml", "no-such-option: 1\n");
  write_text(directory / "duplicate.yaml", "log: info\nlog: info\n");
  write_text(directory / "broken.yaml", "log: [\n");
  for (const Command& command : all_commands()) {
    const std::string name = command.options.command();
    check_bad_use(directory.path(),
                  {
                      {name + " --no-such-option", 2, {"--no-such-option: unknown option"}},
                      {name + " --config DIR/none.yaml", 2, {"--config", "No such file"}},
                      {name + " --config DIR/unknown.yaml", 2, {"unknown.yaml:1: unknown option \"no-such-option\""}},
                      {name + " --config DIR/broken.yaml", 2, {"broken.yaml:"}},
                      {name + " --preset no-such-preset", 2, {"--preset: " + name + " has no preset"}},
                  });
  }
}

TEST_CASE("a command whose program is not beside the dispatcher cannot be run") {
  const ScratchDirectory directory;
  const std::string lonely = directory / "phatgoose";
  std::filesystem::copy(std::string(PHATGOOSE_PROGRAMS_DIR) + "/phatgoose", lonely);
  for (const Command& command : all_commands()) {
    const Outcome outcome = run_program(lonely, {command.options.command()});
    CHECK(outcome.code == 1);
    CHECK(outcome.out.empty());
    CHECK_THAT(outcome.err, Catch::Contains("phatgoose-" + command.options.command() + ": cannot run: No such file"));
  }
}

TEST_CASE("what a command cannot write to stdout is an error") {
  const ScratchDirectory directory;
  const std::string program = std::string(PHATGOOSE_PROGRAMS_DIR) + "/phatgoose", err = directory / "err";
  const int status = std::system(("\"" + program + "\" --help > /dev/full 2> \"" + err + "\"").c_str());
  CHECK(WEXITSTATUS(status) == 1);
  CHECK(read_text(err) == "phatgoose: error: stdout: cannot write all of the output\n");
}

TEST_CASE("the dispatcher starts at once: no LibTorch behind it") {
  const std::string program = read_text(std::string(PHATGOOSE_PROGRAMS_DIR) + "/phatgoose");
  CHECK(program.find("libtorch") == std::string::npos);
  auto fastest = std::chrono::steady_clock::duration::max();
  for (int i = 0; i < 20; ++i) {
    const auto began = std::chrono::steady_clock::now();
    phatgoose_line("--help");
    fastest = std::min(fastest, std::chrono::steady_clock::now() - began);
  }
  CHECK(fastest < std::chrono::milliseconds(50));
}
