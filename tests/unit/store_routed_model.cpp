#include <catch2/catch.hpp>
#include <limits>

#include "phatgoose/store/expert_examination.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/routed_model_builder.h"
#include "phatgoose/store/routed_model_editor.h"
#include "phatgoose/store/safetensors.h"
#include "phatgoose/store/staged_directory.h"
#include "support/expect_error.h"
#include "support/golden.h"
#include "support/scratch_directory.h"

namespace phatgoose {
namespace {

using test::expect_bad_data;
using test::golden_path;
using test::read_text;
using test::ScratchDirectory;
using test::write_text;

/// The golden base and some of its experts, which differ in rank, scale and adapted linears.
RoutedModelPlan golden_plan(const ScratchDirectory& scratch) {
  return {.model = golden_path("t5_v1_1/model"),
          .experts = {golden_path("experts/wide"), golden_path("experts/encoder"), golden_path("experts/attention")},
          .out = scratch / "routed"};
}

std::string usage_error(const RoutedModelPlan& plan) {
  return test::error_of(ExitCode::usage, [&] { build_routed_model(plan); });
}

TEST_CASE("experts become a routed model") {
  const ScratchDirectory scratch;
  RoutedModelPlan plan = golden_plan(scratch);
  plan.routing = {.top_p = 0.75, .temperature = 0.5, .renorm_eps = 1e-6, .enabled = {"attention,wide"}};
  build_routed_model(plan);
  const RoutedModelManifest model = read_routed_model(plan.out);
  CHECK(model.base_fingerprint == base_fingerprint(plan.model));
  const RoutingSettings expected{
      .router = "phatgoose", .k = 2, .top_p = 0.75, .temperature = 0.5, .renorm_eps = 1e-6, .mix = "outputs"};
  CHECK(model.routing == expected);
  REQUIRE(model.experts.size() == 3);
  CHECK(model.experts[0].name == "wide");
  CHECK(model.experts[1].name == "encoder");
  CHECK(model.experts[0].enabled);
  CHECK_FALSE(model.experts[1].enabled);
  for (const auto& reference : model.experts) {
    CHECK(fs::path(reference.path).is_relative());
    const ExpertDirectory expert = ExpertDirectory::open(plan.out / reference.path);
    CHECK(reference.files == std::map<std::string, std::string>{{"adapter_model.safetensors", expert.adapter_hash()},
                                                                {"gate.safetensors", expert.gate_hash()}});
  }
  CHECK(std::distance(fs::directory_iterator(scratch.path()), {}) == 1);  // nothing half-finished beside it
}

TEST_CASE("experts are found from a relative directory that is not there yet") {
  const ScratchDirectory scratch;
  const fs::path expert = fs::relative(scratch.path(), fs::current_path());
  CHECK(relative_path(expert, "not-there-yet") == (".." / expert).string());
  CHECK(relative_path(scratch.path(), "not-there-yet") == (".." / expert).string());
}

TEST_CASE("building again does nothing, building another model is refused") {
  const ScratchDirectory scratch;
  RoutedModelPlan plan = golden_plan(scratch);
  build_routed_model(plan);
  const auto written = fs::last_write_time(plan.out / "manifest.json");
  build_routed_model(plan);
  CHECK(fs::last_write_time(plan.out / "manifest.json") == written);
  plan.routing.k = 1;
  CHECK_THAT(usage_error(plan), Catch::Contains("another routed model"));
  CHECK(read_routed_model(plan.out).routing.k == 2);
}

TEST_CASE("a packed model can be moved") {
  const ScratchDirectory scratch;
  RoutedModelPlan plan = golden_plan(scratch);
  plan.pack = true;
  build_routed_model(plan);
  fs::rename(plan.out, scratch / "moved");
  const RoutedModelManifest model = read_routed_model(scratch / "moved");
  REQUIRE(model.experts.size() == 3);
  CHECK(model.experts[1].path == "experts/encoder");
  for (const auto& reference : model.experts) {
    CHECK(ExpertDirectory::open(scratch / "moved" / reference.path).gate_hash() ==
          reference.files.at("gate.safetensors"));
  }
  CHECK(read_manifest(scratch / "moved", "routed-model", true));
  write_text(scratch / "moved/experts/wide/gate.safetensors", "short");
  expect_bad_data([&] { read_routed_model(scratch / "moved"); }, {"gate.safetensors"});
}

TEST_CASE("a packed expert keeps its manifest without the files that stay behind") {
  const ScratchDirectory scratch;
  RoutedModelPlan plan = golden_plan(scratch);
  fs::copy(plan.experts[0].path, scratch / "named", fs::copy_options::recursive);
  write_text(scratch / "named/metrics.jsonl", "{}\n");
  write_manifest(scratch / "named",
                 {"expert", {{"name", "boolq"}, {"base", {{"fingerprint", base_fingerprint(plan.model)}}}}},
                 {"adapter_config.json", "adapter_model.safetensors", "gate.safetensors", "metrics.jsonl"});
  plan.experts = {scratch / "named"};
  plan.pack = true;
  build_routed_model(plan);
  const ExpertDirectory packed = ExpertDirectory::open(plan.out / "experts/boolq");
  CHECK(packed.name() == "boolq");
  CHECK(packed.base_fingerprint() == base_fingerprint(plan.model));
  CHECK_FALSE(fs::exists(plan.out / "experts/boolq/metrics.jsonl"));
}

TEST_CASE("a partial expert is admitted where that is allowed, and the routed model remembers it") {
  const ScratchDirectory scratch;
  RoutedModelPlan plan = golden_plan(scratch);
  fs::copy(golden_path("experts/encoder"), scratch / "half");
  Json config = read_json((scratch / "half/adapter_config.json").string());
  config["target_modules"] = "all-linear";
  write_text(scratch / "half/adapter_config.json", config.dump());
  plan.experts.push_back(scratch / "half");
  expect_bad_data([&] { build_routed_model(plan); }, {"half", "no factors for decoder.block.0", "--allow-partial"});
  CHECK_FALSE(fs::exists(plan.out));

  plan.allow_partial = true;
  build_routed_model(plan);
  const RoutedModelManifest model = read_routed_model(plan.out);
  CHECK(model.experts.back().partial);
  CHECK_FALSE(model.experts.front().partial);
  const Json written = read_json((plan.out / "manifest.json").string());
  CHECK(written["experts"][3]["partial"] == true);
  CHECK_FALSE(written["experts"][0].contains("partial"));
}

TEST_CASE("experts that do not fit are refused, and nothing is written") {
  const ScratchDirectory scratch;
  const RoutedModelPlan good = golden_plan(scratch);
  const auto refused = [&](const RoutedModelPlan& plan, const std::vector<std::string>& words) {
    expect_bad_data([&] { build_routed_model(plan); }, words);
    CHECK_FALSE(fs::exists(plan.out));
  };
  RoutedModelPlan plan = good;
  plan.experts.push_back(golden_path("peft_default/adapter"));
  refused(plan, {"no gate.safetensors", "train-gate"});

  plan = good;
  plan.experts.push_back(golden_path("experts/../experts/wide"));
  refused(plan, {"called wide", "unique names"});

  plan = good;
  plan.model = golden_path("t5_v1_0/model");
  refused(plan, {"another base"});

  plan = good;
  plan.model = scratch / "none";
  refused(plan, {"config.json"});

  plan = good;
  plan.experts.push_back(scratch / "none");
  refused(plan, {"none"});

  fs::copy(good.experts[0].path, scratch / "other", fs::copy_options::recursive);
  write_manifest(scratch / "other", {"expert", {{"name", "o"}, {"base", {{"fingerprint", "0"}}}}}, {});
  plan.model = good.model;
  plan.experts = {scratch / "other"};
  refused(plan, {"fingerprint 0", "another base"});

  write_manifest(scratch / "other",
                 {"expert", {{"name", "a/b"}, {"base", {{"fingerprint", base_fingerprint(good.model)}}}}}, {});
  refused(plan, {"a/b", "slash"});
}

TEST_CASE("a NaN in a gate is refused") {
  const ScratchDirectory scratch;
  RoutedModelPlan plan = golden_plan(scratch);
  fs::copy(plan.experts[0].path, scratch / "broken", fs::copy_options::recursive);
  {
    const SafetensorsFile file(plan.experts[0].path / "gate.safetensors");
    std::vector<NamedTensor> tensors;
    for (const auto& [name, view] : file.tensors()) tensors.push_back({name, view});
    const std::vector<float> nan(tensors[0].view.bytes.size() / sizeof(float), std::numeric_limits<float>::quiet_NaN());
    tensors[0].view.bytes = std::as_bytes(std::span(nan));
    write_safetensors(scratch / "broken/gate.safetensors", tensors);
  }
  plan.experts = {scratch / "broken"};
  expect_bad_data([&] { build_routed_model(plan); }, {"gate.safetensors", "NaN"});
}

TEST_CASE("mistakes in the command are usage errors") {
  const ScratchDirectory scratch;
  RoutedModelPlan plan = golden_plan(scratch);
  plan.routing.enabled = {"wide", "atention"};
  CHECK_THAT(usage_error(plan), Catch::Contains("atention") && Catch::Contains("did you mean attention"));
  plan = golden_plan(scratch);
  write_text(plan.out / "thesis.tex", "years of work");
  CHECK_THAT(usage_error(plan), Catch::Contains(" contains "));
  CHECK(read_text(plan.out / "thesis.tex") == "years of work");
}

TEST_CASE("damaged manifests of routed models are refused") {
  const ScratchDirectory scratch;
  const RoutedModelPlan plan = golden_plan(scratch);
  build_routed_model(plan);
  const Json good = read_json((plan.out / "manifest.json").string());
  const auto spoil = [&](auto&& change, const std::vector<std::string>& words) {
    Json json = good;
    change(json);
    write_text(plan.out / "manifest.json", json.dump());
    expect_bad_data([&] { read_routed_model(plan.out); }, words);
  };
  spoil([](Json& json) { json["kind"] = "expert"; }, {"expert", "routed-model"});
  spoil([](Json& json) { json.erase("base"); }, {"base"});
  spoil([](Json& json) { json["base"]["fingerprint"] = 1; }, {"fingerprint"});
  spoil([](Json& json) { json["router"]["k"] = 0; }, {"k 0"});
  spoil([](Json& json) { json["router"]["temperature"] = 0; }, {"temperature 0"});
  spoil([](Json& json) { json["router"]["top_p"] = 1.5; }, {"top_p 1.5"});
  spoil([](Json& json) { json["router"]["renorm_eps"] = -1; }, {"renorm_eps -1"});
  spoil([](Json& json) { json["router"]["mix"] = "output"; }, {"mix \"output\"", "did you mean outputs"});
  spoil([](Json& json) { json["router"]["name"] = "arow"; }, {"name \"arow\"", "did you mean arrow"});
  spoil([](Json& json) { json["router"].erase("temperature"); }, {"router", "no \"temperature\""});
  spoil([](Json& json) { json["router"]["temperature"] = nullptr; }, {"\"temperature\" is null", "a number"});
  spoil([](Json& json) { json["experts"] = Json::array(); }, {"no expert"});
  spoil([](Json& json) { json["experts"] = Json::object(); }, {"experts"});
  spoil([](Json& json) { json["experts"][1]["name"] = "wide"; }, {"wide", "twice"});
  spoil([](Json& json) { json["experts"][1].erase("files"); }, {"expert encoder", "files"});
  spoil([](Json& json) { json["experts"][1]["files"]["gate.safetensors"] = 1; }, {"expert encoder: files", "gate"});
  spoil([](Json& json) { json["experts"][1]["files"] = "all"; }, {"expert encoder: files"});
  spoil([](Json& json) { json["format"] = 1; }, {"expert wide", "prototypes_hash"});
  spoil([](Json& json) { json["format"] = 3; }, {"format 3", "at most 2", "another version of phatgoose"});
  spoil(
      [](Json& json) {
        for (Json& expert : json["experts"]) expert["enabled"] = false;
      },
      {"no expert that is enabled"});
  fs::remove(plan.out / "manifest.json");
  expect_bad_data([&] { read_routed_model(plan.out); }, {"no manifest.json"});
}

TEST_CASE("a routed model of format 1 is read as what is built today, and an edit writes the newest format") {
  const ScratchDirectory scratch;
  make_directories(scratch / "store");
  fs::copy(golden_path("store/routed_format_1"), scratch / "store/routed");
  fs::copy(golden_path("experts"), scratch / "experts", fs::copy_options::recursive);
  RoutedModelPlan plan = golden_plan(scratch);
  plan.experts = {scratch / "experts/wide", scratch / "experts/encoder", scratch / "experts/narrow"};
  plan.out = scratch / "store/new";
  plan.routing.k = 1;
  plan.routing.enabled = {"wide", "encoder"};
  build_routed_model(plan);
  RoutedModelManifest built = read_routed_model(plan.out), old = read_routed_model(scratch / "store/routed");
  old.base_path = built.base_path;
  CHECK(old == built);
  CHECK(old.experts[0].files.at("gate.safetensors") == "393048d929268ad6");

  RoutedModelEdit edit;
  edit.directory = scratch / "store/routed";
  edit.disable = {"encoder"};
  edit_routed_model(edit);
  const Json written = read_json((scratch / "store/routed/manifest.json").string());
  CHECK(written["format"] == 2);
  CHECK_FALSE(written["experts"][0].contains("adapter_hash"));
  built.base_path = written["base"]["path"];
  built.experts[1].enabled = false;
  CHECK(read_routed_model(scratch / "store/routed") == built);
}

TEST_CASE("format 1 names no files: an adapter_model.bin is found, and no other file where the router reads none") {
  const ScratchDirectory scratch;
  RoutedModelPlan plan = golden_plan(scratch);
  fs::copy(golden_path("peft_query_value/old_adapter"), scratch / "old", fs::copy_options::recursive);
  plan.experts = {scratch / "old"};
  plan.routing.router = "uniform";
  build_routed_model(plan);
  const RoutedModelManifest built = read_routed_model(plan.out);
  const std::string hash = built.experts.front().files.at("adapter_model.bin");
  Json json = read_json((plan.out / "manifest.json").string());
  json["format"] = 1;
  json["experts"][0].erase("files");
  json["experts"][0]["adapter_hash"] = hash;
  json["experts"][0]["prototypes_hash"] = "";
  write_text(plan.out / "manifest.json", json.dump());
  CHECK(read_routed_model(plan.out) == built);
}

TEST_CASE("a staged directory appears whole or not at all") {
  const ScratchDirectory scratch;
  {
    const StagedDirectory dropped(scratch / "a/b");
    write_text(dropped.path() / "file", "x");
  }
  CHECK(fs::is_empty(scratch / "a"));
  StagedDirectory staged(scratch / "a/b/");
  write_text(staged.path() / "file", "x");
  CHECK_FALSE(fs::exists(scratch / "a/b"));
  make_directories(scratch / "a/b");  // empty: may be replaced
  staged.commit();
  CHECK(read_text(scratch / "a/b/file") == "x");
  StagedDirectory late(scratch / "a/b");
  test::error_of(ExitCode::cannot_finish, [&] { late.commit(); });
}

}  // namespace
}  // namespace phatgoose
