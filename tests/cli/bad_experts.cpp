// Experts that are not what they seem: every command that reads them says so in one line, and exits with 3.
#include <catch2/catch.hpp>
#include <cmath>

#include "cli/bad_use.h"
#include "cli/program.h"
#include "phatgoose/store/expert_directory.h"
#include "support/golden.h"
#include "support/scratch_directory.h"

using namespace phatgoose;
using namespace phatgoose::test;

namespace {

const std::string kModel = golden_path("t5_v1_1/model");
constexpr const char* kQuery = "encoder.block.0.layer.0.SelfAttention.q";

/// An expert without a manifest, of rank 1 on one linear, whose factors hold `value` at the end; with its gate.
void write_expert(const fs::path& directory, const std::string& path, std::int64_t in, std::int64_t out,
                  float value = 0.5F) {
  std::vector<float> a(static_cast<std::size_t>(in), 0.5F), b(static_cast<std::size_t>(out), 0.5F);
  const std::vector<float> gate = a;
  a.back() = value;
  write_adapter(directory, {{path, in, out, 1, a.data(), b.data()}}, 1, "base");
  write_gate(directory, {{path, in, gate.data()}});
}

/// An expert that promises every q of the base and has one.
void write_half(const fs::path& directory, std::int64_t in, std::int64_t out) {
  write_expert(directory, kQuery, in, out);
  const std::string file = directory / "adapter_config.json";
  Json config = read_json(file);
  config["target_modules"] = Json::array({"q"});
  write_text(file, config.dump());
}

}  // namespace

TEST_CASE("bad experts are refused by every command that reads them") {
  const ScratchDirectory scratch;
  const T5Config config = read_t5_config(kModel);
  const std::int64_t in = config.d_model, out = config.num_heads * config.d_kv;
  write_expert(scratch / "good", kQuery, in, out);
  write_expert(scratch / "other-input", kQuery, in + 1, out);
  write_expert(scratch / "other-output", kQuery, in, 2 * out);
  write_expert(scratch / "unknown", "encoder.block.0.layer.0.SelfAttention.qq", in, out);
  write_expert(scratch / "nan", kQuery, in, out, NAN);
  write_expert(scratch / "infinite", kQuery, in, out, INFINITY);
  write_half(scratch / "half", in, out);
  fs::create_directories(scratch / "library");
  write_text(scratch / "rows.jsonl", R"({"input_ids": [5, 1], "choices_ids": [[8, 1], [9, 1]], "target_ids": [8, 1]})");
  write_text(scratch / "suite.yaml", "name: s\ntasks:\n  - {name: t, data: rows.jsonl, kind: rank_classification}\n");
  const std::string model = " --model " + kModel;
  REQUIRE(phatgoose_line("build" + model + " --out " + (scratch / "routed").string() + " --expert " +
                         (scratch / "good").string())
              .code == 0);

  const std::string eval = "eval --suite DIR/suite.yaml --out DIR/out" + model;
  const std::vector<std::string> commands = {
      "build --out DIR/out" + model + " --expert ",
      "build --router arrow --out DIR/out" + model + " --expert ",
      "build --router merged-product --out DIR/out" + model + " --expert ",
      "edit --routed DIR/routed" + model + " --add ",
      eval + " --expert ",
      "predict" + model + " --expert ",
      "export --out DIR/out" + model + " --expert ",
      "prepare --router arrow" + model + " --expert ",
      "prepare --router average-activation --data DIR/rows.jsonl" + model + " --expert ",
      "train-gate --data DIR/rows.jsonl" + model + " --expert ",
  };
  const std::vector<std::pair<std::string, std::vector<std::string>>> experts = {
      {"other-input", {kQuery, std::to_string(in + 1), std::to_string(in)}},
      {"other-output", {kQuery, std::to_string(2 * out), std::to_string(out)}},
      {"unknown", {"SelfAttention.qq", "no such linear layer", std::string("did you mean ") + kQuery}},
      {"nan", {"lora_A", "NaN or infinite"}},
      {"infinite", {"lora_A", "NaN or infinite"}},
      {"half", {"no factors for", "SelfAttention.q", "--allow-partial"}},
  };
  std::vector<BadUse> rows;
  for (const std::string& command : commands) {
    for (const auto& [expert, says] : experts) rows.push_back({command + "DIR/" + expert, 3, says});
  }
  for (std::size_t i = 0; i < 3; ++i) {  // before the base and the good one are evaluated
    rows.push_back({eval + " --base --expert DIR/good DIR/" + experts[i].first, 3, experts[i].second});
  }
  rows.push_back({"build --out DIR/out" + model + " --library DIR/library", 3, {"library", "no expert"}});
  rows.push_back({eval + " --library DIR/library", 3, {"library", "no expert"}});
  rows.push_back({eval + " --library DIR/none", 3, {"none"}});
  check_bad_use(scratch.path(), rows);
}

TEST_CASE("a partial expert that is allowed is used everywhere, and its routed model does not ask again") {
  const ScratchDirectory scratch;
  const T5Config config = read_t5_config(kModel);
  const std::int64_t in = config.d_model, out = config.num_heads * config.d_kv;
  write_expert(scratch / "whole", kQuery, in, out);
  write_half(scratch / "half", in, out);
  write_text(scratch / "rows.jsonl", R"({"input_ids": [5, 1], "choices_ids": [[8, 1], [9, 1]], "target_ids": [8, 1]})");
  write_text(scratch / "suite.yaml", "name: s\ntasks:\n  - {name: t, data: rows.jsonl, kind: rank_classification}\n");
  const std::string at = scratch.path().string() + "/", model = " --model " + kModel;
  const std::string half = " --expert " + at + "half", whole = " --expert " + at + "whole";
  const std::string predict = "predict --json --dtype fp32" + model, rows = " " + at + "rows.jsonl";
  const auto ran = [](const std::string& line) {
    CAPTURE(line);
    const Outcome outcome = phatgoose_line(line);
    CHECK(outcome.code == 0);
    return outcome;
  };
  CHECK(ran(predict + whole + rows).out == ran(predict + half + " --allow-partial" + rows).out);
  CHECK_THAT(ran(predict + half + " --allow-partial" + rows).err, Catch::Contains("lacks factors for 5 of the 6"));
  for (const std::string& command :
       {"prepare --router arrow" + model + half, "export --out " + at + "merged" + model + half,
        "eval --suite " + at + "suite.yaml --out " + at + "alone" + model + half,
        "build --out " + at + "routed" + model + half}) {
    ran(command + " --allow-partial");
  }
  const Outcome routed = ran(predict + " --routed " + at + "routed" + rows);
  const auto first_score = [](const Outcome& outcome) {
    return parse_json(outcome.out).at("log_likelihoods").at(0).get<double>();
  };
  CHECK(first_score(routed) == Approx(first_score(ran(predict + whole + rows))).epsilon(1e-4));
  CHECK_THAT(routed.err, !Catch::Contains("no factors"));
  ran("eval --suite " + at + "suite.yaml --out " + at + "results" + model + " --routed " + at + "routed");

  // Built before partial experts were told apart: evaluated where the option is given.
  const std::string manifest = at + "routed/manifest.json";
  Json body = read_json(manifest);
  body["experts"][0].erase("partial");
  write_text(manifest, body.dump());
  CHECK(phatgoose_line(predict + " --routed " + at + "routed" + rows).code == 3);
  ran(predict + " --allow-partial --routed " + at + "routed" + rows);
}
