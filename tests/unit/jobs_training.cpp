#include <catch2/catch.hpp>

#include "phatgoose/base/signals.h"
#include "phatgoose/jobs/training_data.h"
#include "phatgoose/store/manifest.h"
#include "support/fails_with.h"
#include "support/golden.h"
#include "support/workshop.h"

namespace phatgoose {
namespace {

using test::FailsWith;
using test::is_zero;
using test::run;
using test::Workshop;

TEST_CASE("an expert is a PEFT directory with a manifest") {
  const Workshop shop;
  TrainExpertSettings settings = shop.expert();
  settings.alpha = 8;
  CHECK(run(settings) == TrainingOutcome::finished);
  const ExpertDirectory expert = ExpertDirectory::open(settings.out);
  CHECK(expert.name() == "last token");
  CHECK(expert.loras().size() == adapted_linears(test::tiny_config()).size());
  CHECK(expert.loras().begin()->second.rank == 4);
  CHECK(expert.loras().begin()->second.scale == 2.0);
  CHECK_FALSE(is_zero(expert.loras().begin()->second.b));
  CHECK_FALSE(expert.has_gate());
  CHECK_NOTHROW(expert.check_base(test::tiny_config(), base_fingerprint(settings.model)));
  CHECK(read_manifest(settings.out, "expert", true));
  CHECK_FALSE(fs::exists(fs::path(settings.out) / "checkpoints"));
}

TEST_CASE("a finished command run again does nothing, other settings are refused") {
  const Workshop shop;
  TrainExpertSettings settings = shop.expert();
  run(settings);
  const auto time = fs::last_write_time(shop.scratch / "expert/manifest.json");
  CHECK(run(settings) == TrainingOutcome::finished);
  CHECK(fs::last_write_time(shop.scratch / "expert/manifest.json") == time);

  std::string bytes = shop.bytes("expert/adapter_model.safetensors");
  const std::string whole = bytes;
  bytes.back() ^= 1;
  test::write_text(shop.scratch / "expert/adapter_model.safetensors", bytes);
  CHECK_THROWS_MATCHES(run(settings), Error,
                       FailsWith(ExitCode::bad_data, "adapter_model.safetensors", "remove " + settings.out));
  test::write_text(shop.scratch / "expert/adapter_model.safetensors", whole);

  settings.rank = 5;
  CHECK_THROWS_MATCHES(run(settings), Error, FailsWith(ExitCode::usage, "--rank", "5", "4"));
  settings = shop.expert();
  test::write_tiny_rows(shop.scratch / "rows.jsonl", 21);
  CHECK_THROWS_MATCHES(run(settings), Error, FailsWith(ExitCode::usage, "--data"));
  TrainGateSettings gate = shop.gate();
  gate.out = settings.out;
  CHECK_THROWS_MATCHES(run(gate), Error, FailsWith(ExitCode::usage, "--out"));
}

TEST_CASE("a run is not continued with another tokenizer") {
  const Workshop shop;
  run(shop.expert());
  fs::copy(test::golden_path("text/small/spiece.model"), shop.scratch / "base");
  CHECK_THROWS_MATCHES(run(shop.expert()), Error, FailsWith(ExitCode::usage, "--model", "not what the run in"));
}

TEST_CASE("bad input leaves no output directory") {
  const Workshop shop;
  TrainExpertSettings settings = shop.expert();
  settings.data.data = {shop.scratch / "none.jsonl"};
  CHECK_THROWS_MATCHES(run(settings), Error, FailsWith(ExitCode::bad_data, "none.jsonl"));
  settings = shop.expert();
  settings.model = shop.scratch / "no-base";
  CHECK_THROWS_MATCHES(run(settings), Error, FailsWith(ExitCode::bad_data, "no-base"));
  settings = shop.expert();
  test::write_text(shop.scratch / "bad.jsonl", "{\"input_ids\": [3, 1], \"target_ids\": [5000]}\n");
  settings.data.data = {shop.scratch / "bad.jsonl"};
  CHECK_THROWS_MATCHES(run(settings), Error, FailsWith(ExitCode::bad_data, "bad.jsonl", "5000"));
  settings = shop.expert();
  settings.init = shop.scratch / "base";
  CHECK_THROWS_MATCHES(run(settings), Error, FailsWith(ExitCode::bad_data, "adapter_config.json"));
  CHECK_FALSE(fs::exists(shop.scratch / "expert"));
}

TEST_CASE("training continues from an adapter given by --init, with its rank and scale") {
  const Workshop shop;
  TrainExpertSettings settings = shop.expert();
  settings.alpha = 8;
  run(settings);
  settings.init = settings.out;
  settings.out = shop.scratch / "continued";
  settings.rank = 7;
  settings.training.lr = 0;
  run(settings);
  CHECK(shop.bytes("expert/adapter_model.safetensors") == shop.bytes("continued/adapter_model.safetensors"));
  CHECK(shop.bytes("expert/adapter_config.json") == shop.bytes("continued/adapter_config.json"));
}

TEST_CASE("an expert stored in bf16 is trained like any other, and gets a gate in fp32") {
  const Workshop shop;
  TrainExpertSettings settings = shop.expert();
  run(settings);
  const auto groups = linear_groups(test::tiny_config());
  const auto trained = ExpertParameters::load(ExpertDirectory::open(settings.out), groups, at::kCPU);
  settings.out = shop.scratch / "half";
  settings.save_dtype = "bf16";
  run(settings);
  TrainGateSettings gate = shop.gate();
  gate.expert = settings.out;
  CHECK(run(gate) == TrainingOutcome::finished);
  const ExpertDirectory half = ExpertDirectory::open(settings.out);
  CHECK(half.loras().begin()->second.a.dtype == DType::bf16);
  CHECK(half.gates().begin()->second.dtype == DType::f32);
  const auto stored = ExpertParameters::load(half, groups, at::kCPU);
  for (std::size_t g = 0; g < groups.size(); ++g) {
    CHECK(stored.groups()[g]->b.equal(trained.groups()[g]->b.to(at::kBFloat16).to(at::kFloat)));
  }
}

/// The learning rates of a run, step by step.
std::vector<double> rates_in(const std::string& metrics) {
  std::vector<double> rates;
  for (const Json& line : test::metrics_with("learning_rate", metrics)) rates.push_back(line.at("learning_rate"));
  return rates;
}

TEST_CASE("an expert is trained by Adafactor where that is asked for, and the record says so") {
  const Workshop shop;
  TrainExpertSettings settings = shop.expert();
  settings.training.keep_checkpoints = 1;
  run(settings);
  const Json usual = read_json(shop.scratch / "expert/run.json");
  CHECK(usual.at("optimizer") == "adamw");
  CHECK(usual.at("beta1") == 0.9);
  CHECK(usual.at("beta2") == 0.999);
  CHECK(usual.at("schedule") == "constant");

  settings.training.optimizer = "adafactor";
  CHECK_THROWS_MATCHES(run(settings), Error, FailsWith(ExitCode::usage, "--optimizer", "adamw", "adafactor"));
  settings.out = shop.scratch / "other";
  settings.training.scale_parameter = true;
  CHECK(run(settings) == TrainingOutcome::finished);
  const Json other = read_json(shop.scratch / "other/run.json");
  CHECK(other.at("optimizer") == "adafactor");
  CHECK(other.at("scale-parameter") == true);
  CHECK(other.at("beta1").is_null());
  CHECK(shop.bytes("other/adapter_model.safetensors") != shop.bytes("expert/adapter_model.safetensors"));
  CHECK_THAT(shop.bytes("other/checkpoints/step-3/state.safetensors"), Catch::Contains("row_mean."));
  CHECK_THAT(shop.bytes("expert/checkpoints/step-3/state.safetensors"), !Catch::Contains("row_mean."));

  settings.training.beta2 = 0.9;
  settings.out = shop.scratch / "third";
  CHECK_THROWS_MATCHES(run(settings), Error, FailsWith(ExitCode::usage, "--beta2", "adafactor"));
}

TEST_CASE("with a linear schedule the rate falls from the end of the warm-up on") {
  const Workshop shop;
  TrainExpertSettings settings = shop.expert();
  settings.training.steps = 5;
  settings.training.warmup_ratio = 0.2;
  settings.training.lr = 0.01;
  settings.training.schedule = "linear";
  run(settings);
  const std::vector<double> expected = {0, 0.01, 0.0075, 0.005, 0.0025};
  const std::vector<double> found = rates_in(shop.bytes("expert/metrics.jsonl"));
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(found[i] == Approx(expected[i]));
}

TEST_CASE("a run that was begun before the optimiser could be chosen is finished where it is AdamW") {
  const Workshop shop;
  TrainExpertSettings settings = shop.expert();
  run(settings);
  Json record = read_json(shop.scratch / "expert/run.json");
  for (const char* name : {"optimizer", "scale-parameter", "schedule"}) record.erase(name);
  test::write_text(shop.scratch / "expert/run.json", record.dump());
  CHECK(run(settings) == TrainingOutcome::finished);
  settings.training.schedule = "linear";
  CHECK_THROWS_MATCHES(run(settings), Error, FailsWith(ExitCode::usage, "--schedule", "constant", "linear"));
}

TEST_CASE("an expert is trained by the few-shot loss where that is asked for") {
  const Workshop shop;
  const auto first_loss = [&](const std::string& loss) {
    TrainExpertSettings settings = shop.expert();
    settings.loss = loss;
    settings.out = shop.scratch / loss;
    run(settings);
    return test::metrics_with("loss", shop.bytes((loss + "/metrics.jsonl").c_str())).front().at("loss").get<double>();
  };
  // The first step's model is the base: the loss is that of the targets, and the same with two terms more.
  const double plain = first_loss("plain"), few_shot = first_loss("t-few");
  CHECK(few_shot > plain + 0.1);
  CHECK(shop.bytes("plain/adapter_model.safetensors") != shop.bytes("t-few/adapter_model.safetensors"));
  const ExpertDirectory trained = ExpertDirectory::open(shop.scratch / "t-few");
  CHECK(trained.loras().size() == adapted_linears(test::tiny_config()).size());
}

TEST_CASE("rows are read with their choices where that is asked for") {
  const Workshop shop;
  DataSettings settings = shop.expert().data;
  settings.valid = {shop.scratch / "valid.jsonl"};
  const auto read = [&](bool choices) {
    return read_training_data(settings, shop.scratch / "base", test::tiny_config(), {.choices = choices});
  };
  CHECK(read(false).train.front().choices.empty());
  CHECK(read(true).train.front().choices.size() == 2);
  CHECK(read(true).valid.back().choices.size() == 2);

  const std::string undecided = R"({"input_ids": [5, 1], "target_ids": [7, 1], "choices_ids": [[8, 1], [9, 1]]})";
  test::write_text(shop.scratch / "rows.jsonl", shop.bytes("rows.jsonl") + undecided + "\n");
  CHECK(read(false).train.size() == 21);
  CHECK_THROWS_MATCHES(read(true), Error, FailsWith(ExitCode::bad_data, "rows.jsonl:21", "no choice equals"));
  settings.reading.skip_bad_rows = true;
  const TrainingData data = read(true);
  CHECK(data.train.size() == 20);
  CHECK(data.train_skipped.at(shop.scratch / "rows.jsonl").count() == 1);
  CHECK(data.train_skipped.at(shop.scratch / "rows.jsonl").listed().front().line == 21);
  CHECK(read(false).train.size() == 21);
  test::write_text(shop.scratch / "rows.jsonl", undecided + "\n");
  CHECK_THROWS_MATCHES(read(true), Error, FailsWith(ExitCode::bad_data, "rows.jsonl", "no row with the right answer"));
}

TEST_CASE("the order of the rows is that of the file without shuffling") {
  const Workshop shop;
  TrainExpertSettings settings = shop.expert();
  settings.training.steps = 1;
  settings.dropout = 0;
  const auto first_loss = [&](const char* out, bool shuffle, std::int64_t batch) {
    settings.out = shop.scratch / out;
    settings.data.shuffle = shuffle;
    settings.training.batch = batch;
    run(settings);
    return Json::parse(shop.bytes((std::string(out) + "/metrics.jsonl").c_str())).at("loss").get<double>();
  };
  // A batch of all rows is the same in any order.
  CHECK(first_loss("a", true, 20) == Approx(first_loss("b", false, 20)));
  CHECK(first_loss("c", true, 3) != Approx(first_loss("d", false, 3)));
}

TEST_CASE("the accuracy decides on the best state where all validation rows have choices") {
  const Workshop shop;
  TrainExpertSettings settings = shop.expert();
  settings.training.steps = 6;
  settings.data.valid = {shop.scratch / "valid.jsonl"};
  settings.data.eval_every = 1;
  run(settings);
  const auto validations = test::metrics_with("validation_accuracy", shop.bytes("expert/metrics.jsonl"));
  CHECK(validations.size() == 6);
  Json best = validations.front();
  for (const Json& line : validations) {
    if (line.at("validation_accuracy") >= best.at("validation_accuracy")) best = line;
  }
  CHECK(read_manifest(settings.out, "expert")->body.at("best") == best);

  test::write_text(shop.scratch / "valid.jsonl", "{\"input_ids\": [3, 1], \"target_ids\": [5, 1]}\n");
  settings.out = shop.scratch / "no-choices";
  run(settings);
  const std::string metrics = shop.bytes("no-choices/metrics.jsonl");
  CHECK(test::metrics_with("validation_loss", metrics).size() == 6);
  CHECK(test::metrics_with("validation_accuracy", metrics).empty());
  CHECK_FALSE(read_manifest(settings.out, "expert")->body.at("best").contains("validation_accuracy"));
}

TEST_CASE("gate training changes nothing but the gate") {
  const Workshop shop;
  run(shop.expert());
  const std::string adapter = shop.bytes("expert/adapter_model.safetensors");
  const std::string config = shop.bytes("expert/adapter_config.json");
  const std::string base = shop.bytes("base/model.safetensors");
  CHECK(run(shop.gate()) == TrainingOutcome::finished);
  CHECK(shop.bytes("expert/adapter_model.safetensors") == adapter);
  CHECK(shop.bytes("expert/adapter_config.json") == config);
  CHECK(shop.bytes("base/model.safetensors") == base);

  const ExpertDirectory expert = ExpertDirectory::open(shop.scratch / "expert");
  CHECK(expert.gates().size() == expert.loras().size());
  for (const auto& [path, gate] : expert.gates()) {
    CAPTURE(path);
    CHECK_FALSE(is_zero(gate));
  }
  const std::optional<Manifest> manifest = read_manifest(shop.scratch / "expert", "expert", true);
  REQUIRE(manifest);
  CHECK(manifest->body.contains("training"));
  CHECK(manifest->body.at("gate").at("training").at("command") == "train-gate");

  CHECK(run(shop.gate()) == TrainingOutcome::finished);
  CHECK(run(shop.expert()) == TrainingOutcome::finished);
  TrainGateSettings other = shop.gate();
  other.training.steps = 4;
  CHECK_THROWS_MATCHES(run(other), Error, FailsWith(ExitCode::usage, "--steps"));
}

TEST_CASE("with --out the gate goes to a copy") {
  const Workshop shop;
  run(shop.expert());
  TrainGateSettings settings = shop.gate();
  settings.out = shop.scratch / "copy";
  run(settings);
  CHECK_FALSE(fs::exists(shop.scratch / "expert/gate.safetensors"));
  CHECK_FALSE(fs::exists(shop.scratch / "expert/gate-run"));
  CHECK(shop.bytes("copy/adapter_model.safetensors") == shop.bytes("expert/adapter_model.safetensors"));
  CHECK(ExpertDirectory::open(shop.scratch / "copy").has_gate());
  CHECK(ExpertDirectory::open(shop.scratch / "copy").name() == "last token");

  run(shop.gate());
  CHECK(shop.bytes("copy/gate.safetensors") == shop.bytes("expert/gate.safetensors"));
}

TEST_CASE("a PEFT directory without manifest gets a gate, a gate of unknown origin is not replaced") {
  const Workshop shop;
  run(shop.expert());
  fs::remove(shop.scratch / "expert/manifest.json");
  run(shop.gate());
  CHECK(read_manifest(shop.scratch / "expert", "expert", true)->body.at("name") == "expert");

  fs::remove_all(shop.scratch / "expert/gate-run");
  fs::remove(shop.scratch / "expert/manifest.json");
  CHECK_THROWS_MATCHES(run(shop.gate()), Error, FailsWith(ExitCode::usage, "gate", "--retrain", "--out"));
}

/// The settings of a gate that differs from shop.gate().
TrainGateSettings other_gate(const Workshop& shop) {
  TrainGateSettings settings = shop.gate();
  settings.training.lr = 0.02;
  settings.retrain = true;
  return settings;
}

TEST_CASE("with --retrain another gate replaces the one that is there, as if it had been the first") {
  const Workshop shop;
  run(shop.expert());
  TrainGateSettings other = other_gate(shop);
  other.retrain = false;
  other.out = shop.scratch / "copy";
  run(other);

  run(shop.gate());
  CHECK(shop.bytes("expert/gate.safetensors") != shop.bytes("copy/gate.safetensors"));
  other.out.reset();
  CHECK_THROWS_MATCHES(run(other), Error, FailsWith(ExitCode::usage, "--lr", "0.02", "0.005", "--retrain"));
  other.retrain = true;
  CHECK(run(other) == TrainingOutcome::finished);
  CHECK(shop.bytes("expert/gate.safetensors") == shop.bytes("copy/gate.safetensors"));
  CHECK(shop.bytes("expert/gate-run/metrics.jsonl") == shop.bytes("copy/gate-run/metrics.jsonl"));
  CHECK(shop.bytes("expert/gate-run/run.json") == shop.bytes("copy/gate-run/run.json"));
  CHECK_FALSE(fs::exists(shop.scratch / "expert/gate-run.new"));
  const auto manifest = read_manifest(shop.scratch / "expert", "expert", true);
  CHECK(manifest->body.at("gate").at("training").at("lr") == 0.02);

  // The same command once more, with --retrain or without it, finds its gate finished.
  const auto time = fs::last_write_time(shop.scratch / "expert/gate.safetensors");
  run(other);
  other.retrain = false;
  run(other);
  CHECK(fs::last_write_time(shop.scratch / "expert/gate.safetensors") == time);
}

TEST_CASE("the old gate stays whole until the new one is finished, and a stopped --retrain resumes") {
  const Workshop shop;
  run(shop.expert());
  run(shop.gate());
  const std::string gate = shop.bytes("expert/gate.safetensors"), manifest = shop.bytes("expert/manifest.json");
  request_stop();
  CHECK(run(other_gate(shop)) == TrainingOutcome::stopped);
  clear_stop_request();
  CHECK(shop.bytes("expert/gate.safetensors") == gate);
  CHECK(shop.bytes("expert/manifest.json") == manifest);
  CHECK(fs::exists(shop.scratch / "expert/gate-run.new/run.json"));
  CHECK(run(shop.gate()) == TrainingOutcome::finished);  // the old command still finds its gate finished

  TrainGateSettings third = other_gate(shop);
  third.training.lr = 0.03;
  CHECK_THROWS_MATCHES(run(third), Error, FailsWith(ExitCode::usage, "--lr", "0.03", "0.02", "rm -r"));
  CHECK(run(other_gate(shop)) == TrainingOutcome::finished);
  CHECK(shop.bytes("expert/gate.safetensors") != gate);
  CHECK_FALSE(fs::exists(shop.scratch / "expert/gate-run.new"));
}

TEST_CASE("a finished gate is known without its run, and one of any origin can be trained again") {
  const Workshop shop;
  run(shop.expert());
  run(shop.gate());
  fs::remove_all(shop.scratch / "expert/gate-run");
  const auto time = fs::last_write_time(shop.scratch / "expert/gate.safetensors");
  CHECK(run(shop.gate()) == TrainingOutcome::finished);
  CHECK(fs::last_write_time(shop.scratch / "expert/gate.safetensors") == time);
  CHECK(run(other_gate(shop)) == TrainingOutcome::finished);

  fs::remove_all(shop.scratch / "expert/gate-run");
  fs::remove(shop.scratch / "expert/manifest.json");  // now nothing says where the gate came from
  TrainGateSettings again = shop.gate();
  again.retrain = true;
  CHECK(run(again) == TrainingOutcome::finished);
  CHECK(read_manifest(shop.scratch / "expert", "expert", true)->body.at("gate").at("training").at("lr") == 0.005);

  TrainExpertSettings joint = shop.expert();
  joint.out = shop.scratch / "joint";
  joint.joint_gate = true;
  run(joint);
  again.expert = joint.out;
  CHECK(run(again) == TrainingOutcome::finished);
  CHECK_FALSE(read_manifest(joint.out, "expert", true)->body.at("gate").contains("joint"));
}

TEST_CASE("a gate that was trained before an option existed is finished where the option has its default") {
  const Workshop shop;
  run(shop.expert());
  run(shop.gate());
  fs::remove_all(shop.scratch / "expert/gate-run");
  Json manifest = read_json(shop.scratch / "expert/manifest.json");
  manifest.at("gate").at("training").erase("data-mix");
  test::write_text(shop.scratch / "expert/manifest.json", manifest.dump());
  const auto time = fs::last_write_time(shop.scratch / "expert/gate.safetensors");
  CHECK(run(shop.gate()) == TrainingOutcome::finished);
  CHECK(fs::last_write_time(shop.scratch / "expert/gate.safetensors") == time);
  TrainGateSettings other = shop.gate();
  other.data.mix = "equal";
  CHECK_THROWS_MATCHES(run(other), Error, FailsWith(ExitCode::usage, "--data-mix", "equal", "--retrain"));
}

TEST_CASE("bad rows are skipped where that is wanted, and listed in run.json and the manifest") {
  const Workshop shop;
  TrainExpertSettings settings = shop.expert();
  test::write_text(shop.scratch / "rows.jsonl", shop.bytes("rows.jsonl") + "{}\n{\n");
  CHECK_THROWS_MATCHES(run(settings), Error, FailsWith(ExitCode::bad_data, "rows.jsonl:21"));
  settings.data.reading.skip_bad_rows = true;
  settings.data.valid = {shop.scratch / "valid.jsonl"};
  run(settings);
  for (const Json& json : {read_json(shop.scratch / "expert/run.json"), read_manifest(settings.out, "expert")->body}) {
    CHECK(json.at("rows").at("train").at("rows") == 20);
    CHECK(json.at("rows").at("train").at("skipped_rows") == 2);
    const Json bad = json.at("rows").at("train").at("bad_rows").at((shop.scratch / "rows.jsonl").string());
    REQUIRE(bad.size() == 2);
    CHECK(bad[0] == Json({{"line", 21}, {"message", "no \"input\"; expected a string"}}));
    CHECK(bad[1].at("line") == 22);
    CHECK(json.at("rows").at("valid").at("skipped_rows") == 0);
    CHECK(json.at("rows").at("valid").at("bad_rows").empty());
  }
}

TEST_CASE("a name that no expert can have is refused before anything else") {
  const Workshop shop;
  for (const char* name : {"", "a/b", "a,b", "..", "a\tb"}) {
    TrainExpertSettings settings = shop.expert();
    settings.name = name;
    settings.model = shop.scratch / "none";
    CHECK_THROWS_MATCHES(run(settings), Error, FailsWith(ExitCode::usage, "--name", "a name without slash"));
  }
}

TEST_CASE("the manifest counts the rows, and a file whose targets are all empty is refused") {
  const Workshop shop;
  TrainExpertSettings settings = shop.expert();
  const std::string silent = R"({"input_ids": [5, 6, 1], "target_ids": [1]})";
  test::write_text(shop.scratch / "rows.jsonl", silent + "\n" + R"({"input_ids": [1], "target_ids": [7, 1]})" + "\n");
  settings.data.valid = {shop.scratch / "valid.jsonl"};
  settings.training.batch = 2;
  run(settings);
  const Json rows = read_manifest(settings.out, "expert")->body.at("rows");
  CHECK(rows.at("train").at("rows") == 2);
  CHECK(rows.at("train").at("with").at("empty_target") == 1);
  CHECK(rows.at("train").at("with").at("empty_input") == 1);
  CHECK(rows.at("train").at("with").at("cut_input") == 0);
  CHECK(rows.at("valid").at("rows") == 6);

  test::write_text(shop.scratch / "rows.jsonl", silent + "\n" + silent + "\n");
  settings.out = shop.scratch / "silent";
  CHECK_THROWS_MATCHES(run(settings), Error, FailsWith(ExitCode::bad_data, "rows.jsonl", "all 2 targets are empty"));
  CHECK_FALSE(fs::exists(settings.out));
}

}  // namespace
}  // namespace phatgoose
