#include "phatgoose/settings/commands.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <set>
#include <sstream>
#include <tuple>

#include "phatgoose/base/option_values.h"
#include "phatgoose/base/options_yaml.h"
#include "phatgoose/settings/common.h"
#include "support/fails_with.h"

using namespace phatgoose;

namespace {

bool is_kebab_case(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

std::string kind_of(const Option& option) {
  if (is_flag(option)) return "flag";
  return is_text(option) ? "text" : "number";
}

}  // namespace

TEST_CASE("commands have distinct names and say in one line what they do") {
  std::set<std::string> names;
  for (const Command& command : all_commands()) {
    INFO(command.options.command());
    CHECK(is_kebab_case(command.options.command()));
    CHECK(names.insert(command.options.command()).second);
    CHECK_FALSE(command.options.summary().empty());
    CHECK(command.options.summary().find('\n') == std::string::npos);
    CHECK(command.options.summary().back() != '.');
  }
}

TEST_CASE("every option is named alike, explained, and of one kind in every command") {
  std::map<std::string, std::string> kinds;
  for (const Command& command : all_commands()) {
    for (const Option& option : command.options.options()) {
      INFO(command.options.command() << " --" << option.name);
      CHECK(is_kebab_case(option.name));
      CHECK_FALSE(option.help.empty());
      CHECK(option.help.back() != '.');
      CHECK(kinds.emplace(option.name, kind_of(option)).first->second == kind_of(option));
    }
  }
}

TEST_CASE("a command that computes takes all the common options") {
  for (const Command& command : all_commands()) {
    std::set<std::string> names;
    for (const Option& option : command.options.options()) names.insert(option.name);
    const std::set<std::string> common = {"device", "dtype", "threads", "seed", "log"};
    INFO(command.options.command());
    if (names.contains("device")) CHECK(std::includes(names.begin(), names.end(), common.begin(), common.end()));
  }
}

TEST_CASE("the compute type depends on the device alone") {
  for (const auto& [device, dtype] :
       std::map<std::string, std::string>{{"cpu", "fp32"}, {"cuda", "bf16"}, {"cuda:1", "bf16"}}) {
    CommonSettings common{.device = device, .dtype = std::nullopt};
    common.resolve();
    CHECK(common.dtype == dtype);
    CHECK(common.dtype_by_default);
  }
  CommonSettings chosen{.dtype = "bf16"};
  chosen.resolve();
  CHECK(chosen.dtype == "bf16");
  CHECK_FALSE(chosen.dtype_by_default);
}

TEST_CASE("sections of settings files cannot be mistaken for options") {
  for (const Command& command : all_commands()) {
    CHECK(command.options.commands() == command_names());
    for (const Option& option : command.options.options()) {
      CHECK(std::find(command_names().begin(), command_names().end(), option.name) == command_names().end());
    }
  }
}

TEST_CASE("presets name commands that there are, and set options that these have") {
  const std::vector<Preset> presets = embedded_presets();
  REQUIRE_FALSE(presets.empty());
  for (const Preset& preset : presets) {
    for (const std::string& name : preset_commands(preset)) {
      INFO("preset " << preset.name << ", command " << name);
      auto commands = all_commands();
      const auto command = std::find_if(commands.begin(), commands.end(),
                                        [&](const Command& one) { return one.options.command() == name; });
      REQUIRE(command != commands.end());
      std::ostringstream dump;
      CHECK(parse_options(command->options, {"--preset", preset.name, "--dump-config"}, dump) ==
            ParseOutcome::answered);
    }
  }
}

TEST_CASE("options that were renamed are refused by the commands that had them") {
  const std::vector<std::tuple<std::string, std::string, std::string>> renamed = {
      {"pretrain", "--micro-tokens", "--pass-tokens"},   {"train-expert", "--micro-tokens", "--pass-tokens"},
      {"train-gate", "--micro-tokens", "--pass-tokens"}, {"eval", "--batch-tokens", "--pass-tokens"},
      {"prepare", "--batch-tokens", "--pass-tokens"},    {"predict", "--batch-rows", "--pass-rows"},
      {"predict", "--max-input-length", "--max-input"},  {"export", "--dtype", "--save-dtype"},
  };
  for (const auto& [name, before, now] : renamed) {
    auto commands = all_commands();
    const auto command = std::ranges::find(commands, name, [](const Command& one) { return one.options.command(); });
    REQUIRE(command != commands.end());
    std::ostringstream out;
    CHECK_THROWS_MATCHES(parse_options(command->options, {before, "5"}, out), Error,
                         test::FailsWith(ExitCode::usage, before, "renamed; expected " + now));
  }
}
