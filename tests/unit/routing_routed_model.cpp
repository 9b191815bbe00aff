// Whole routed models: golden logits of a slow reference, directories that do not fit, statistics.
#include "phatgoose/routing/routed_model.h"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include "phatgoose/base/json.h"
#include "phatgoose/nn/tensor_bridge.h"
#include "phatgoose/store/manifest.h"
#include "support/fails_with.h"
#include "support/golden.h"
#include "support/router_experts.h"
#include "support/scratch_directory.h"

namespace phatgoose {
namespace {

using test::FailsWith;
using test::golden_path;

fs::path base_directory() { return golden_path("t5_v1_1") / "model"; }
T5Model load_base() { return T5Model::load(base_directory(), at::kCPU, at::kFloat); }

std::vector<ExpertDirectory> open_experts(const std::vector<std::string>& names) {
  std::vector<ExpertDirectory> experts;
  for (const std::string& name : names) experts.push_back(ExpertDirectory::open(golden_path("experts") / name));
  return experts;
}

RoutingSettings settings_of(const Json& json) {
  RoutingSettings settings;
  if (json.contains("k")) settings.k = json["k"].get<std::int64_t>();
  for (const auto& [key, target] : {std::pair("top_p", &settings.top_p), std::pair("renorm_eps", &settings.renorm_eps),
                                    std::pair("temperature", &settings.temperature)}) {
    if (json.contains(key)) *target = json[key].get<double>();
  }
  return settings;
}

/// A routed model directory of two golden experts on the golden base.
class RoutedFiles {
 public:
  RoutedFiles() {
    manifest.base_path = base_directory();
    manifest.base_fingerprint = base_fingerprint(base_directory());
    for (const char* name : {"wide", "narrow"}) {
      const fs::path path = golden_path("experts") / name;
      const ExpertDirectory expert = ExpertDirectory::open(path);
      manifest.experts.push_back(
          {std::string("my ") + name,
           fs::relative(path, directory_.path()),
           {{"adapter_model.safetensors", expert.adapter_hash()}, {"gate.safetensors", expert.gate_hash()}}});
    }
  }

  RoutedModel load(T5Model& model) const {
    write_routed_model(directory_.path(), manifest);
    return RoutedModel::load(RoutedModelDirectory::open(directory_.path()), model, base_fingerprint(base_directory()));
  }

  RoutedModelManifest manifest;

 private:
  test::ScratchDirectory directory_;
};

}  // namespace

TEST_CASE("routed logits agree with the slow reference under every router setting") {
  const Json expected = read_json(golden_path("phatgoose_routed") / "expected.json");
  const SafetensorsFile tensors(golden_path("phatgoose_routed") / "expected.safetensors");
  const auto sources = expected["sources"].get<std::vector<TokenIds>>();
  const auto targets = expected["targets"].get<std::vector<TokenIds>>();
  T5Model model = load_base();
  for (const auto& [name, settings] : expected["routings"].items()) {
    INFO(name);
    const auto experts =
        open_experts(settings.contains("enabled") ? settings["enabled"].get<std::vector<std::string>>()
                                                  : expected["experts"].get<std::vector<std::string>>());
    const RoutedModel routed(model, experts, settings_of(settings));
    const at::Tensor reference = to_tensor(tensors.at("logits." + name), at::kCPU, at::kFloat);
    const at::Tensor difference = (test::logits_of(model, sources, targets) - reference).abs().max();
    CHECK((difference / reference.abs().max()).item<double>() < 1e-5);
  }
}

TEST_CASE("a routed model directory is the same as its experts, disabled ones left out") {
  const std::vector<TokenIds> sources{{5, 6, 7, 1}}, targets{{8, 9, 1}};
  RoutedFiles files;
  T5Model model = load_base();
  CHECK(files.load(model).expert_names() == std::vector<std::string>{"my wide", "my narrow"});
  const at::Tensor both = test::logits_of(model, sources, targets);
  const RoutedModel direct(model, open_experts({"wide", "narrow"}), {});
  CHECK(at::equal(test::logits_of(model, sources, targets), both));

  files.manifest.experts[1].enabled = false;
  CHECK(files.load(model).expert_names() == std::vector<std::string>{"my wide"});
  const at::Tensor one = test::logits_of(model, sources, targets);
  CHECK_FALSE(at::equal(one, both));
  const RoutedModel alone(model, open_experts({"wide"}), {});
  CHECK(at::equal(test::logits_of(model, sources, targets), one));
}

TEST_CASE("a routed model directory of format 1 routes as its experts do") {
  const std::vector<TokenIds> sources{{5, 6, 7, 1}}, targets{{8, 9, 1}};
  T5Model model = load_base();
  const auto directory = RoutedModelDirectory::open(golden_path("store/routed_format_1"));
  const RoutedModel routed = RoutedModel::load(directory, model, base_fingerprint(base_directory()));
  CHECK(routed.expert_names() == std::vector<std::string>{"wide", "encoder"});
  const at::Tensor found = test::logits_of(model, sources, targets);
  const RoutedModel direct(model, open_experts({"wide", "encoder"}), {.k = 1});
  CHECK(at::equal(found, test::logits_of(model, sources, targets)));
}

TEST_CASE("routed models that do not fit are refused") {
  RoutedFiles files;
  T5Model model = load_base();
  SECTION("another base") {
    files.manifest.base_fingerprint = "0123456789abcdef";
    CHECK_THROWS_MATCHES(files.load(model), Error, FailsWith(ExitCode::bad_data, "0123456789abcdef"));
  }
  SECTION("an expert that has changed") {
    files.manifest.experts[0].files["gate.safetensors"] = "0123456789abcdef";
    CHECK_THROWS_MATCHES(files.load(model), Error,
                         FailsWith(ExitCode::bad_data, "gate.safetensors", "0123456789abcdef", "build it again"));
  }
  SECTION("a file that has no hash") {
    files.manifest.experts[1].files.erase("adapter_model.safetensors");
    CHECK_THROWS_MATCHES(files.load(model), Error,
                         FailsWith(ExitCode::bad_data, "narrow", "adapter_model.safetensors", "lists"));
  }
  SECTION("an expert that is gone") {
    files.manifest.experts[0].path = "nowhere";
    CHECK_THROWS_MATCHES(files.load(model), Error, FailsWith(ExitCode::bad_data, "nowhere"));
  }
  SECTION("an unknown router") {
    files.manifest.routing.router = "goose";
    CHECK_THROWS_MATCHES(files.load(model), Error, FailsWith(ExitCode::bad_data, "goose"));
  }
}

TEST_CASE("an expert without gate cannot be routed to by PHATGOOSE") {
  const test::ScratchDirectory directory;
  for (const char* file : {"adapter_config.json", "adapter_model.safetensors"}) {
    fs::copy(golden_path("experts") / "wide" / file, directory / file);
  }
  const std::vector experts{ExpertDirectory::open(directory.path())};
  T5Model model = load_base();
  CHECK_THROWS_MATCHES(RoutedModel(model, experts, {}), Error, FailsWith(ExitCode::bad_data, "train-gate"));
}

TEST_CASE("statistics of a whole pass name every adapted linear, and end with their observation") {
  T5Model model = load_base();
  const RoutedModel routed(model, open_experts({"wide", "attention"}), {});
  CHECK(routed.linear_paths().size() == adapted_linears(model.config()).size());
  RoutingStatistics statistics = routed.make_statistics();
  const auto broken_off = [&] {
    const RoutedModel::Observation observation = routed.observe(statistics);
    test::logits_of(model, {{5, 6, 7, 1}, {8, 1}}, {{9, 1}, {10, 11, 1}});
    throw std::runtime_error("the task is stopped");
  };
  CHECK_THROWS_AS(broken_off(), std::runtime_error);
  test::logits_of(model, {{5, 1}}, {{9, 1}});
  for (std::int64_t l = 0; l < statistics.linears(); ++l) {
    const std::string& path = routed.linear_paths()[l];
    INFO(path);
    const bool on_source =
        path.starts_with("encoder.") || path.ends_with("EncDecAttention.k") || path.ends_with("EncDecAttention.v");
    const bool spared = path == "decoder.block.1.layer.2.DenseReluDense.wo";
    CHECK(statistics.tokens()[l] == (spared ? 0 : on_source ? 6 : 5));
    const double total = statistics.weights()[2 * l] + statistics.weights()[2 * l + 1];
    CHECK(total == Approx(static_cast<double>(statistics.tokens()[l])));
  }
}

}  // namespace phatgoose
