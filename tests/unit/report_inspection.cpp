#include "phatgoose/report/inspection.h"

#include <catch2/catch.hpp>

#include "phatgoose/store/manifest.h"
#include "phatgoose/store/routed_model_builder.h"
#include "support/expect_error.h"
#include "support/golden.h"
#include "support/scratch_directory.h"

namespace phatgoose {
namespace {

using test::expect_bad_data;
using test::golden_path;
using test::ScratchDirectory;
using test::write_text;

TEST_CASE("inspect describes a base model") {
  const Json found = inspect_directory(golden_path("t5_v1_1/model"), false);
  CHECK(found["kind"] == "model");
  CHECK(found["architecture"] == "T5 v1.1");
  CHECK(found["manifest"] == false);
  CHECK(found["encoder_layers"] == 2);
  CHECK(found["adapted_linears"] == 36);
  CHECK(found["dtypes"] == Json::array({"F32"}));
  CHECK(found["tokenizer"] == false);
  CHECK(found["fingerprint"] == base_fingerprint(golden_path("t5_v1_1/model")));
  CHECK_THAT(inspection_text(found), Catch::Contains("architecture     T5 v1.1\n"));
  CHECK(inspect_directory(golden_path("t5_v1_0/model"), false)["architecture"] == "T5 v1.0");
}

TEST_CASE("inspect counts tensors that share their storage once") {
  const Json one = inspect_directory(golden_path("t5_unusual/model"), false);  // pytorch_model.bin
  const T5Config config = read_t5_config(golden_path("t5_unusual/model"));
  CHECK(one["parameters"].get<std::int64_t>() > config.vocab_size * config.d_model);
  const auto archive = open_model_archive(golden_path("t5_unusual/model"));
  std::int64_t all = 0;
  for (const auto& [name, view] : archive->tensors()) all += count_of(view.shape);
  const std::int64_t embedding = config.vocab_size * config.d_model;
  CHECK((all - one["parameters"].get<std::int64_t>()) % embedding == 0);
}

TEST_CASE("inspect describes experts and PEFT directories") {
  const Json expert = inspect_directory(golden_path("experts/encoder"), false);
  CHECK(expert["kind"] == "expert");
  CHECK(expert["name"] == "encoder");
  CHECK(expert["gate"] == true);
  CHECK(expert["base"].is_null());
  CHECK(expert["ranks"] == Json::array({3}));

  const Json patterns = inspect_directory(golden_path("peft_patterns/adapter"), false);
  CHECK(patterns["gate"] == false);
  CHECK(patterns["ranks"] == Json::array({2, 3, 6}));
  CHECK(patterns["adapts"]["q"] == 6);
  const std::string text = inspection_text(patterns);
  CHECK_THAT(text, Catch::Contains("ranks            2, 3, 6\n"));
  CHECK_THAT(text, Catch::Contains("gate             no\n"));
}

TEST_CASE("inspect says of an expert that it lacks what its configuration promises") {
  const ScratchDirectory scratch;
  CHECK(inspect_directory(golden_path("peft_default/adapter"), false)["partial"] == false);
  CHECK(inspect_directory(golden_path("peft_regex/adapter"), false)["partial"] == false);
  fs::copy(golden_path("peft_regex/adapter"), scratch / "half");
  Json config = read_json((scratch / "half/adapter_config.json").string());
  config["target_modules"] = "all-linear";
  write_text(scratch / "half/adapter_config.json", config.dump());
  const Json half = inspect_directory(scratch / "half", false);
  CHECK(half["partial"] == true);
  CHECK(half["first_missing"] == "encoder.block.0.layer.0.SelfAttention.q");
  CHECK(half["missing_at_least"] == 7 + 2 * 11 - 6);  // one block of the encoder, two of the decoder
  CHECK_THAT(inspection_text(half), Catch::Contains("partial           yes\n"));
}

TEST_CASE("inspect says of a gate that it was trained together with the LoRA") {
  const ScratchDirectory scratch;
  fs::copy(golden_path("experts/wide"), scratch / "wide");
  CHECK_FALSE(inspect_directory(scratch / "wide", false).contains("joint_gate"));
  const Json base = {{"path", "base"}, {"fingerprint", "0123456789abcdef"}};
  const Json body = {{"name", "wide"}, {"base", base}, {"gate", {{"joint", true}}}};
  write_manifest(scratch / "wide", {.kind = "expert", .body = body}, {"gate.safetensors"});
  const Json found = inspect_directory(scratch / "wide", false);
  CHECK(found["joint_gate"] == true);
  CHECK_THAT(inspection_text(found), Catch::Contains("joint gate       yes\n"));
}

TEST_CASE("inspect describes and verifies a routed model") {
  const ScratchDirectory scratch;
  fs::copy(golden_path("experts/wide"), scratch / "wide", fs::copy_options::recursive);
  build_routed_model({.model = golden_path("t5_v1_1/model"),
                      .experts = {scratch / "wide", golden_path("experts/encoder")},
                      .out = scratch / "routed",
                      .routing = {.enabled = {"wide"}}});
  const Json found = inspect_directory(scratch / "routed", true);
  CHECK(found["kind"] == "routed-model");
  CHECK(found["verified"] == true);
  CHECK(found["router"]["k"] == 2);
  CHECK(found["experts"][0]["path"] == "../wide");
  CHECK(found["experts"][1]["enabled"] == false);
  CHECK_THAT(inspection_text(found), Catch::Contains("encoder  no       yes"));

  fs::copy_file(golden_path("experts/wide/gate.safetensors"), scratch / "other");
  std::string gate = test::read_text(scratch / "other");
  gate.back() = static_cast<char>(gate.back() ^ 1);
  write_text(scratch / "wide/gate.safetensors", gate);
  CHECK(inspect_directory(scratch / "routed", false)["experts"][0]["present"] == true);
  expect_bad_data([&] { inspect_directory(scratch / "routed", true); }, {"wide", "has changed"});
  fs::remove_all(scratch / "wide");
  CHECK(inspect_directory(scratch / "routed", false)["experts"][0]["present"] == false);
}

TEST_CASE("inspect describes an unfinished run") {
  const ScratchDirectory scratch;
  write_text(scratch / "run.json", R"({"command":"train-expert"})");
  Json found = inspect_directory(scratch.path(), false);
  CHECK(found["kind"] == "run");
  CHECK(found["command"] == "train-expert");
  CHECK(found["checkpoints"].empty());
  CHECK(found["last"].is_null());
  CHECK_THAT(inspection_text(found), Catch::Contains("checkpoints  none\n"));

  for (const char* name : {"step-100", "step-20", "step-x", "step-"}) {
    make_directories(scratch / "checkpoints" / name);
    write_manifest(scratch / "checkpoints" / name, {"checkpoint", Json::object()}, {});
  }
  make_directories(scratch / "checkpoints/step-300");  // has no manifest: unfinished
  write_text(scratch / "metrics.jsonl", "{\"step\":1}\n{\"step\":2}\n{\"st");
  found = inspect_directory(scratch.path(), false);
  CHECK(found["checkpoints"] == Json::array({20, 100}));
  CHECK(found["last"]["step"] == 2);
}

Json some_results(const std::string& suite) {
  const Json interval = Json::array({40.0, 61.25});
  const Json score = {{"score", 50.0}, {"interval", interval}};
  return {{"suite", suite},
          {"score", 50.0},
          {"interval", interval},
          {"tasks", Json::array({{{"name", "rte"},
                                  {"data", "rte.jsonl"},
                                  {"kind", "rank_classification"},
                                  {"max_input", 512},
                                  {"length_normalise", true},
                                  {"metric", "accuracy"},
                                  {"score", 50.0},
                                  {"interval", interval},
                                  {"rows", 20},
                                  {"examples", 10},
                                  {"metrics", {{"accuracy", score}}},
                                  {"templates", Json::array()}}})}};
}

TEST_CASE("inspect describes results") {
  const ScratchDirectory scratch;
  write_text(scratch / "results.json", some_results("small").dump());
  const Json found = inspect_directory(scratch.path(), false);
  CHECK(found["kind"] == "results");
  CHECK_THAT(inspection_text(found), Catch::Contains("rte    accuracy   50.0   [40.0, 61.2]    20"));
  write_text(scratch / "results.json", "{}");
  expect_bad_data([&] { inspect_directory(scratch.path(), false); }, {"results.json"});
}

TEST_CASE("inspect lists a folder of experts, results and comparisons") {
  const ScratchDirectory scratch;
  fs::copy(golden_path("experts/wide"), scratch / "wide");
  fs::copy(golden_path("experts/narrow"), scratch / "narrow");
  const Json base = {{"path", "base"}, {"fingerprint", "0123456789abcdef"}};
  write_manifest(scratch / "wide", {.kind = "expert", .body = {{"name", "broad"}, {"base", base}}}, {});
  const Json experts = inspect_directory(scratch.path(), false);
  CHECK(experts["kind"] == "folder");
  REQUIRE(experts["directories"].size() == 2);
  CHECK(experts["directories"][1]["name"] == "broad");
  CHECK(experts["directories"][1]["dtypes"] == Json::array({"F32"}));
  const std::string table = inspection_text(experts);
  CHECK_THAT(table, Catch::Contains("\nexpert  rank  targets") && Catch::Contains("\nnarrow     1  ") &&
                        Catch::Contains("\nbroad      4  ") && Catch::Contains("  yes   0123456789abcdef\n"));
  CHECK(inspect_directories({scratch.path()}, false, true)["similarity"]["experts"].size() == 2);

  write_text(scratch / "runs/base/results.json", some_results("held-out").dump());
  write_text(scratch / "runs/notes.txt", "");
  const std::string results = inspection_text(inspect_directory(scratch / "runs", false));
  CHECK_THAT(results, Catch::Contains("\nmethod  suite     mean") &&
                          Catch::Contains("\nbase    held-out  50.0   [40.0, 61.2]      1\n"));

  const Json mean = {{"score", 50.0}, {"interval", {40.0, 60.0}}},
             difference = {{"score", -5.0}, {"interval", {-9.0, 1.0}}};
  const auto method = [&](const std::string& name, const Json& of) -> Json {
    return {{"name", name}, {"uses_labels", false}, {"mean", mean}, {"difference", of}, {"tasks", {{"rte", mean}}}};
  };
  const Json comparison = {{"reference", "routed"},
                           {"unit", "percent"},
                           {"methods", {method("routed", nullptr), method("merged", difference)}}};
  write_text(scratch / "all/seed-1/comparison.json", comparison.dump());
  const Json one = inspect_directory(scratch / "all/seed-1", false);
  CHECK(one["kind"] == "comparison");
  CHECK(one["comparison"] == comparison);
  CHECK_THAT(inspection_text(one), Catch::Contains("against routed") && Catch::Contains("\nmerged  50.0  50.0"));
  CHECK_THAT(inspection_text(inspect_directory(scratch / "all", false)),
             Catch::Contains("\nseed-1      merged  50.0   [40.0, 60.0]  routed         -5.0    [-9.0, 1.0]\n"));
  write_text(scratch / "all/seed-1/comparison.json", "{}");
  expect_bad_data([&] { inspect_directory(scratch / "all", false); }, {"comparison.json", "reference"});
}

TEST_CASE("inspect says what it cannot recognise") {
  const ScratchDirectory scratch;
  expect_bad_data([&] { inspect_directory(scratch.path(), false); }, {"nothing that phatgoose knows"});
  expect_bad_data([&] { inspect_directory(scratch / "none", false); }, {"no such directory"});
  write_text(scratch / "file", "");
  expect_bad_data([&] { inspect_directory(scratch / "file", false); }, {"not a directory"});
  expect_bad_data([&] { inspect_directory(golden_path("experts/wide"), true); }, {"no hashes to verify"});
}

}  // namespace
}  // namespace phatgoose
