#include "phatgoose/store/module_targets.h"

#include <catch2/catch.hpp>

#include "support/expect_error.h"
#include "support/golden.h"

namespace phatgoose {
namespace {

using test::expect_bad_data;
using test::golden_path;

constexpr const char* kQuery = "encoder.block.0.layer.0.SelfAttention.q";

/// Every module that PEFT can adapt in the golden base.
std::vector<std::string> all_modules() {
  std::vector<std::string> paths = other_adaptable_modules();
  for (const LinearSpec& linear : adapted_linears(read_t5_config(golden_path("t5_v1_1/model")))) {
    paths.push_back(linear.path);
  }
  std::ranges::sort(paths);
  return paths;
}

bool pattern_matches(const std::string& expression, const std::string& path) {
  return ModulePattern::whole(expression).matches(path);
}

}  // namespace

TEST_CASE("the modules that settings choose are those that peft adapts") {
  const std::vector<std::string> modules = all_modules();
  std::size_t adapted = 0;
  for (const Json& row : read_json(golden_path("peft_targets/expected.json"))) {
    const Json& settings = row.at("settings");
    CAPTURE(settings.dump());
    if (row.at("targeted") == "refused") {
      CHECK_THROWS_AS(ModuleTargets(settings), Error);
      continue;
    }
    const ModuleTargets targets(settings);
    Json found = Json::array();
    for (const std::string& path : modules) {
      if (targets.contain(path)) found.push_back(path);
    }
    CHECK(found == row.at("targeted"));
    adapted += found.size();
  }
  CHECK(adapted > 200);
}

TEST_CASE("the setting that leaves a module out is named") {
  const Json settings = {{"target_modules", Json::array({"q", "v"})},
                         {"exclude_modules", Json::array({"EncDecAttention.v"})},
                         {"layers_to_transform", 1}};
  const ModuleTargets targets(settings);
  CHECK_FALSE(targets.left_out_by("encoder.block.1.layer.0.SelfAttention.q"));
  CHECK(targets.left_out_by("encoder.block.1.layer.0.SelfAttention.k") == "target_modules");
  CHECK(targets.left_out_by("decoder.block.1.layer.1.EncDecAttention.v") == "exclude_modules");
  CHECK(targets.left_out_by(kQuery) == "layers_to_transform");
  CHECK(ModuleTargets(Json::object()).left_out_by("encoder.block.1.layer.0.SelfAttention.k").value().find("q and v") !=
        std::string::npos);
}

TEST_CASE("all-linear leaves out embeddings and head, also of a T5 within another model") {
  const Json settings = {{"target_modules", "all-linear"}};
  const ModuleTargets targets(settings);
  CHECK(targets.contain(std::string("model.") + kQuery));
  CHECK_FALSE(targets.contain("model.lm_head"));
  CHECK_FALSE(targets.contain("shared"));
}

TEST_CASE("a whole path goes before the layers in a list of targets that peft does not condense") {
  Json settings = {{"target_modules", Json::array({"v", kQuery})}, {"layers_to_transform", 1}};
  CHECK(ModuleTargets(settings).contain(kQuery));
  for (int i = 0; i < 18; ++i) settings["target_modules"].push_back("other" + std::to_string(i));
  CHECK_FALSE(ModuleTargets(settings).contain(kQuery));
}

TEST_CASE("settings of targets of the wrong type are refused by name") {
  const auto refused = [](const Json& settings, const std::vector<std::string>& words) {
    CAPTURE(settings.dump());
    expect_bad_data([&] { ModuleTargets{settings}.contain(kQuery); }, words);
  };
  const Json list = Json::array({"q"});
  refused({{"target_modules", 3}}, {"target_modules"});
  refused({{"target_modules", Json::array({1})}}, {"target_modules"});
  refused({{"target_modules", list}, {"exclude_modules", 3}}, {"exclude_modules"});
  refused({{"target_modules", list}, {"exclude_modules", "("}}, {"exclude_modules", "pattern"});
  refused({{"target_modules", list}, {"layers_to_transform", "1"}}, {"layers_to_transform"});
  refused({{"target_modules", list}, {"layers_to_transform", Json::array({1.5})}}, {"layers_to_transform"});
  refused({{"target_modules", list}, {"layers_to_transform", true}}, {"layers_to_transform"});
  refused({{"target_modules", list}, {"layers_to_transform", 1}, {"layers_pattern", 1}}, {"layers_pattern"});
  refused({{"target_modules", list}, {"layers_to_transform", 1}, {"layers_pattern", "["}}, {"layers_pattern", "["});
  refused({{"target_modules", list}, {"layers_pattern", "block"}}, {"layers_pattern without layers_to_transform"});
  refused({{"target_modules", "q"}, {"layers_to_transform", 1}},
          {"layers_to_transform together with target_modules", "list"});
}

TEST_CASE("expressions mean what they mean in Python, or are refused") {
  CHECK(pattern_matches("encoder.*\\.q", kQuery));
  CHECK_FALSE(pattern_matches("encoder", kQuery));
  CHECK(pattern_matches("(encoder|decoder)\\.block\\.[0-2]\\.(?!layer\\.1).*[^\\]k]", kQuery));
  CHECK(ModulePattern::ending("SelfAttention.q").matches(kQuery));
  CHECK(ModulePattern::ending("^encoder.*q").matches(kQuery));
  CHECK_FALSE(ModulePattern::ending("Attention.q").matches(kQuery));
  for (const char* expression :
       {"encoder.*\\Z", "\\Aencoder.*", "(?P<x>q)", "(?i)Q", "(?<=x)q", "[]q]", "[^]q]", "[[:alpha:]]q", "(", "q\\"}) {
    CAPTURE(expression);
    expect_bad_data([&] { ModulePattern::whole(expression); }, {"pattern", "Python"});
  }
  expect_bad_data([] { ModulePattern::whole(std::string(2000, '.')); }, {"1000"});
}

}  // namespace phatgoose
