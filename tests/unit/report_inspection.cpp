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
                      .selection = {},
                      .enabled = {"wide"}});
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

TEST_CASE("inspect describes results") {
  const ScratchDirectory scratch;
  const Json interval = Json::array({40.0, 61.25});
  write_text(scratch / "results.json",
             Json{{"suite", "small"},
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
                                          {"metrics", {{"accuracy", {{"score", 50.0}, {"interval", interval}}}}},
                                          {"templates", Json::array()}}})}}
                 .dump());
  const Json found = inspect_directory(scratch.path(), false);
  CHECK(found["kind"] == "results");
  CHECK_THAT(inspection_text(found), Catch::Contains("rte    accuracy   50.0   [40.0, 61.2]    20"));
  write_text(scratch / "results.json", "{}");
  expect_bad_data([&] { inspect_directory(scratch.path(), false); }, {"results.json"});
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
