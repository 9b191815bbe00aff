#include "phatgoose/settings/method_file.h"

#include <catch2/catch.hpp>

#include "support/fails_with.h"
#include "support/scratch_directory.h"

namespace phatgoose {
namespace {

using test::FailsWith;
using test::ScratchDirectory;
using test::write_text;

TEST_CASE("a methods file names methods with settings of their own, directories relative to its own") {
  const ScratchDirectory scratch;
  for (const char* directory : {"experts/one", "lists/routed", "encoder"}) fs::create_directories(scratch / directory);
  write_text(scratch / "lists/methods.yaml", R"(# all kinds
- {name: plain, base: true}
- name: one alone
  expert: ../experts/one
  tasks: [first]
- {name: as-built, routed: routed}
- name: changed
  routed: )" + (scratch / "lists/routed").string() +
                                                 R"(
  k: 3
  temperature: 0.5
  top-p: 0.9
  enabled: [one, two words]
  exclude-own: true
  tasks: [first, second]
  encoder: ../encoder
)");
  const std::vector<MethodEntry> entries = read_methods(scratch / "lists/methods.yaml");
  REQUIRE(entries.size() == 4);
  CHECK(entries[0].name == "plain");
  CHECK_FALSE(entries[0].expert);
  CHECK_FALSE(entries[0].routed);
  CHECK(entries[1].name == "one alone");
  CHECK(entries[1].tasks == std::vector<std::string>{"first"});
  CHECK(entries[1].source == (scratch / "lists/methods.yaml").string() + ":3");
  CHECK(entries[1].expert == (scratch / "experts/one").string());
  CHECK_FALSE(entries[1].routed);
  CHECK(entries[2].routed == (scratch / "lists/routed").string());
  CHECK(entries[2].routing == RoutingSettings());
  CHECK_FALSE(entries[2].exclude_own);
  const MethodEntry& changed = entries[3];
  CHECK(changed.routed == (scratch / "lists/routed").string());
  CHECK(changed.routing.k == 3);
  CHECK(changed.routing.top_p == 0.9);
  CHECK(changed.routing.temperature == 0.5);
  CHECK(changed.routing.enabled == std::vector<std::string>{"one", "two words"});
  CHECK(changed.routing.encoder == (scratch / "encoder").string());
  CHECK(changed.exclude_own);
  CHECK(changed.tasks == std::vector<std::string>{"first", "second"});
  CHECK(entries[2].tasks.empty());
  CHECK(changed.source == (scratch / "lists/methods.yaml").string() + ":7");
}

TEST_CASE("a methods file names modular adapters, and what they do for unknown tasks") {
  const ScratchDirectory scratch;
  fs::create_directories(scratch / "poly");
  write_text(scratch / "methods.yaml",
             "- {name: a, modular: poly}\n- {name: b, modular: poly, unknown-task: mean, tasks: [first]}\n");
  const std::vector<MethodEntry> entries = read_methods(scratch / "methods.yaml");
  REQUIRE(entries.size() == 2);
  CHECK(entries[0].modular == (scratch / "poly").string());
  CHECK_FALSE(entries[0].unknown_task);
  CHECK_FALSE(entries[0].expert);
  CHECK(entries[1].unknown_task == "mean");
  CHECK(entries[1].tasks == std::vector<std::string>{"first"});
}

TEST_CASE("a bad methods file is an error that names file and line") {
  const ScratchDirectory scratch;
  fs::create_directories(scratch / "r");
  const std::string routed = "- name: a\n  routed: r\n";  // lines 1 and 2
  struct Case {
    std::string yaml, place, words;
  };
  const std::vector<Case> cases = {
      {"", ":1", "the file is"},
      {"name: a\nbase: true\n", ":1", "the file is"},
      {"[]\n", ":1", "the file is"},
      {"- [\n", ":", "YAML"},
      {"- {name: a, base: true}\n---\n- b\n", ":", "second YAML document"},
      {"- a\n", ":1", "not a mapping"},
      {"- base: true\n", ":1", "no \"name\""},
      {"- {name: [a], base: true}\n", ":1", "plain text"},
      {"- name: a/b\n  base: true\n", ":1", "a name without slash"},
      {"- name: ..\n  base: true\n", ":1", "a name without slash"},
      {"- name: a\n", ":1", "without base, expert, routed, modular and task-moe"},
      {"- name: a\n  base: true\n  routed: r\n", ":1", "exactly one"},
      {"- name: a\n  base: false\n", ":2", "base: true"},
      {"- name: a\n  base: yes\n", ":2", "true or false"},
      {"- name: a\n  expert: none\n", ":2", "no such directory"},
      {"- name: a\n  routed: none\n", ":2", "no such directory"},
      {"- name: a\n  roued: r\n", ":2", "did you mean routed?"},
      {routed + "  top_p: 0.5\n", ":3", "did you mean top-p?"},
      {routed + "  k: 1\n  k: 2\n", ":4", "duplicate key \"k\""},
      {routed + "  k: 0\n", ":3", "an integer of at least 1"},
      {routed + "  k: all\n", ":3", "\"all\" is not a valid value for k"},
      {routed + "  k: [1, 2]\n", ":3", "plain text"},
      {routed + "  top-p: 1.5\n", ":3", "\"1.5\" is not a valid value for top-p"},
      {routed + "  temperature: 0\n", ":3", "\"0\" is not a valid value for temperature"},
      {routed + "  enabled: one\n", ":3", "\"enabled\""},
      {routed + "  enabled: []\n", ":3", "a list of names"},
      {routed + "  exclude-own: maybe\n", ":3", "true or false"},
      {routed + "  encoder: none\n", ":3", "no such directory"},
      {"- name: a\n  base: true\n  k: 1\n", ":3", "\"k\" without routed"},
      {"- name: a\n  expert: r\n  exclude-own: true\n", ":3", "\"exclude-own\" without routed"},
      {"- name: a\n  modular: r\n  k: 1\n", ":3", "\"k\" without routed"},
      {"- name: a\n  modular: r\n  expert: r\n", ":1", "exactly one"},
      {"- name: a\n  modular: none\n", ":2", "no such directory"},
      {"- name: a\n  modular: r\n  unknown-task: median\n", ":3", "\"median\" is not a valid value for unknown-task"},
      {routed + "  unknown-task: mean\n", ":3", "\"unknown-task\" without modular"},
      {routed + "  tasks: first\n", ":3", "\"tasks\""},
      {routed + "  tasks: []\n", ":3", "a list of names"},
      {routed + routed, ":3", "a second method named \"a\""},
  };
  for (const Case& bad : cases) {
    write_text(scratch / "methods.yaml", bad.yaml);
    INFO(bad.yaml);
    CHECK_THROWS_MATCHES(read_methods(scratch / "methods.yaml"), Error,
                         FailsWith(ExitCode::bad_data, "methods.yaml" + bad.place, bad.words));
  }
  CHECK_THROWS_MATCHES(read_methods(scratch / "none.yaml"), Error, FailsWith(ExitCode::bad_data, "none.yaml"));
}

}  // namespace
}  // namespace phatgoose
