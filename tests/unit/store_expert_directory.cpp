#include "phatgoose/store/expert_directory.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <limits>

#include "phatgoose/store/manifest.h"
#include "phatgoose/store/safetensors.h"
#include "support/expect_error.h"
#include "support/golden.h"
#include "support/scratch_directory.h"
#include "support/stderr_of.h"

namespace phatgoose {
namespace {

using test::expect_bad_data;
using test::golden_path;
using test::read_text;
using test::ScratchDirectory;
using test::stderr_of;
using test::write_text;

constexpr const char* kQuery = "encoder.block.0.layer.0.SelfAttention.q";
constexpr const char* kOutput = "decoder.block.1.layer.2.DenseReluDense.wo";

T5Config golden_base() { return read_t5_config(golden_path("t5_v1_1/model")); }

/// A copy of a golden PEFT directory that a test may spoil.
class Copy {
 public:
  explicit Copy(const char* golden) { fs::copy(golden_path(golden), directory_.path(), fs::copy_options::recursive); }

  const fs::path& path() const { return directory_.path(); }
  fs::path operator/(const char* name) const { return directory_ / name; }
  ExpertDirectory open() const { return ExpertDirectory::open(directory_.path()); }

  void set(const char* key, const Json& value) const {
    Json json = read_json((directory_ / "adapter_config.json").string());
    json[key] = value;
    write_text(directory_ / "adapter_config.json", json.dump());
  }
  /// Rewrites a tensor file with some changes to its tensors.
  template <typename Change>
  void rewrite(const char* name, Change&& change) const {
    std::vector<NamedTensor> tensors;
    {
      const SafetensorsFile file(directory_ / name);
      for (const auto& [key, view] : file.tensors()) tensors.push_back({key, view});
      change(tensors);
      write_safetensors(directory_ / "changed", tensors);
    }
    fs::rename(directory_ / "changed", directory_ / name);
  }

 private:
  ScratchDirectory directory_;
};

TEST_CASE("LoRA directories of peft are read") {
  struct Case {
    const char* golden;
    std::size_t linears;
    std::int64_t query_rank;
    double query_scale;
  };
  const auto row = GENERATE(values<Case>({
      {"peft_default/adapter", 36, 4, 8.0 / 4},
      {"peft_rslora/adapter", 36, 4, 6.0 / 2},
      {"peft_patterns/adapter", 36, 2, 12.0 / 2},
      {"peft_query_value/adapter", 12, 2, 4.0 / 2},
  }));
  CAPTURE(row.golden);
  const ExpertDirectory expert = ExpertDirectory::open(golden_path(row.golden));
  CHECK(expert.name() == "adapter");
  CHECK(expert.loras().size() == row.linears);
  CHECK_FALSE(expert.has_gate());
  CHECK(expert.gate_hash().empty());
  CHECK_FALSE(expert.base_fingerprint());
  const LoraEntry& query = expert.loras().at(kQuery);
  CHECK(query.rank == row.query_rank);
  CHECK(query.scale == Approx(row.query_scale));
  CHECK(query.a.shape[0] == row.query_rank);
  CHECK(query.b.shape[1] == row.query_rank);
  expert.check_base(golden_base(), "anything");
}

TEST_CASE("rank and alpha patterns act as in peft") {
  const ExpertDirectory expert = ExpertDirectory::open(golden_path("peft_patterns/adapter"));
  const auto check = [&](const char* path, std::int64_t rank, double alpha) {
    CHECK(expert.loras().at(path).rank == rank);
    CHECK(expert.loras().at(path).scale == Approx(alpha / static_cast<double>(rank)));
  };
  check("encoder.block.1.layer.0.SelfAttention.q", 2, 5);
  check("decoder.block.0.layer.1.EncDecAttention.q", 3, 5);
  check(kOutput, 6, 5);
  check("decoder.block.0.layer.2.DenseReluDense.wo", 3, 5);
  check("encoder.block.0.layer.1.DenseReluDense.wi_0", 3, 1);
  check("encoder.block.0.layer.1.DenseReluDense.wi_1", 3, 5);
}

TEST_CASE("target_modules may be a regular expression") {
  const Copy copy("peft_regex/adapter");
  CHECK(copy.open().loras().size() == 6);
  copy.set("target_modules", R"(decoder\..*\.(EncDecAttention\.q|wo))");
  expect_bad_data([&] { copy.open(); }, {"EncDecAttention.o", "target_modules"});
  copy.set("target_modules", nullptr);
  expect_bad_data([&] { copy.open(); }, {"EncDecAttention.o", "target_modules", "q and v"});
  copy.set("target_modules", "all-linear");
  CHECK(copy.open().loras().size() == 6);
}

TEST_CASE("complete experts have a gate for each adapted linear") {
  const ExpertDirectory expert = ExpertDirectory::open(golden_path("experts/encoder"));
  REQUIRE(expert.has_gate());
  CHECK(expert.gates().size() == expert.loras().size());
  for (const auto& [path, gate] : expert.gates()) CHECK(gate.shape[0] == expert.loras().at(path).a.shape[1]);
  CHECK(expert.adapter_hash().size() == 16);
  CHECK(expert.gate_hash() == content_hash_of_file(golden_path("experts/encoder/gate.safetensors")));
}

TEST_CASE("the manifest names the expert and its base") {
  const Copy copy("experts/encoder");
  write_manifest(copy.path(), {"expert", {{"name", "boolq"}, {"base", {{"path", "t5"}, {"fingerprint", "0123"}}}}},
                 {"adapter_config.json", "adapter_model.safetensors", "gate.safetensors"});
  const ExpertDirectory expert = copy.open();
  CHECK(expert.name() == "boolq");
  CHECK(expert.base_fingerprint() == "0123");
  expert.check_base(golden_base(), "0123");
  expert.check_base(golden_base(), "");
  expect_bad_data([&] { expert.check_base(golden_base(), "4567"); }, {"0123", "4567", "another base"});
  write_manifest(copy.path(), {"model", Json::object()}, {});
  expect_bad_data([&] { copy.open(); }, {"model", "expert"});
}

TEST_CASE("names that older peft releases wrote are read") {
  const Copy copy("peft_query_value/adapter");
  copy.rewrite("adapter_model.safetensors", [](std::vector<NamedTensor>& tensors) {
    for (NamedTensor& tensor : tensors) tensor.name.replace(tensor.name.rfind(".weight"), 7, ".default.weight");
  });
  CHECK(copy.open().loras().size() == 12);
}

TEST_CASE("settings that LoRA here cannot represent are refused with the reason") {
  struct Case {
    const char* key;
    Json value;
    std::vector<std::string> words;
  };
  const auto row = GENERATE(values<Case>({
      {"peft_type", "IA3", {"IA3", "LORA"}},
      {"use_dora", true, {"DoRA"}},
      {"bias", "lora_only", {"bias"}},
      {"use_dora", 1, {"DoRA"}},
      {"task_type", "SEQ_CLS", {"task_type SEQ_CLS", "SEQ_2_SEQ_LM"}},
      {"use_qalora", true, {"QALoRA"}},
      {"loftq_config", {{"loftq_bits", 4}}, {"LoftQ"}},
      {"arrow_config", Json::object(), {"routed"}},
      {"use_bdlora", {{"nblocks", 2}}, {"block-diagonal"}},
      {"kasa_config", Json::object(), {"KaSA"}},
      {"monteclora_config", Json::object(), {"Monte Carlo"}},
      {"velora_config", Json::object(), {"VeLoRA"}},
      {"megatron_config", {{"tensor_model_parallel_size", 2}}, {"Megatron"}},
      {"lora_bias", true, {"biases"}},
      {"modules_to_save", Json::array({"lm_head"}), {"fully trained"}},
      {"layer_replication", Json::array({{0, 1}}), {"replicated"}},
      {"target_parameters", Json::array({"x"}), {"no linear"}},
      {"trainable_token_indices", Json::array({1}), {"token"}},
      {"alora_invocation_tokens", Json::array({1}), {"activated"}},
      {"init_lora_weights", "pissa_niter_4", {"pissa", "base"}},
      {"init_lora_weights", "olora", {"olora", "changes the base"}},
      {"init_lora_weights", "OLoRA", {"OLoRA", "changes the base"}},
      {"init_lora_weights", "corda", {"corda", "changes the base"}},
      {"init_lora_weights", "loftq", {"loftq", "changes the base"}},
      {"init_lora_weights", "lora_ga", {"lora_ga", "changes the base"}},
      {"init_lora_weights", "kaiming", {"kaiming", "PEFT knows"}},
      {"init_lora_weights", "EVA", {"EVA", "PEFT knows"}},
      {"init_lora_weights", Json::array({1}), {"init_lora_weights", "PEFT knows"}},
      {"exclude_modules", Json::array({"EncDecAttention.v"}), {"EncDecAttention.v", "exclude_modules"}},
      {"exclude_modules", "decoder.*", {"decoder.block.0", "exclude_modules"}},
      {"layers_to_transform", 0, {"block.1", "layers_to_transform"}},
      {"layers_pattern", "block", {"layers_pattern without layers_to_transform"}},
      {"r", 0, {"rank 0"}},
      {"r", "4", {"\"r\""}},
      {"r", 5, {"rank 2", "5"}},
      {"lora_alpha", nullptr, {"lora_alpha"}},
      {"use_rslora", 1, {"use_rslora"}},
      {"rank_pattern", {{"q", 3}}, {"rank 2", "3"}},
      {"rank_pattern", {{"q", "3"}}, {"rank_pattern q"}},
      {"rank_pattern", Json::array(), {"rank_pattern"}},
      {"rank_pattern", {{"(", 3}}, {"pattern"}},
      {"rank_pattern", {{std::string(2000, '('), 3}}, {"1000"}},
      {"alpha_pattern", {{"q", nullptr}}, {"alpha_pattern q"}},
      {"target_modules", Json::array({"q"}), {"SelfAttention.v", "target_modules"}},
      {"target_modules", "(?P<x>q)", {"(?P<x>q)"}},
      {"target_modules", 3, {"target_modules"}},
  }));
  CAPTURE(row.key, row.value.dump().substr(0, 80));
  const Copy copy("peft_query_value/adapter");
  copy.set(row.key, row.value);
  expect_bad_data([&] { copy.open(); }, row.words);
}

TEST_CASE("an initialisation that leaves the base alone does not matter") {
  const Copy copy("peft_query_value/adapter");
  for (const char* text : {"gaussian", "Gaussian", "orthogonal", "eva", "mica", "MiCA"}) {
    copy.set("init_lora_weights", text);
    CHECK(copy.open().loras().size() == 12);
  }
  for (const Json& value : {Json(false), Json(nullptr)}) {
    copy.set("init_lora_weights", value);
    CHECK(copy.open().loras().size() == 12);
  }
}

TEST_CASE("settings that change nothing for peft do not matter either, and those it does not know are said") {
  const Copy copy("peft_query_value/adapter");
  const Json settings = {{"task_type", nullptr},
                         {"auto_mapping", {{"base_model_class", "T5ForConditionalGeneration"}}},
                         {"revision", "main"},
                         {"inference_mode", false},
                         {"fan_in_fan_out", true},
                         {"lora_dropout", 0.1},
                         {"eva_config", {{"rho", 2.0}}},
                         {"runtime_config", {{"ephemeral_gpu_offload", true}}},
                         {"ensure_weight_tying", true},
                         {"qalora_group_size", 32},
                         {"target_parameters", Json::array()},
                         {"alora_invocation_tokens", Json::array()},
                         {"enable_lora", nullptr},
                         {"merge_weights", false},
                         {"new_list", Json::array()}};
  for (const auto& [key, value] : settings.items()) copy.set(key.c_str(), value);
  CHECK_THAT(stderr_of([&] { CHECK(copy.open().loras().size() == 12); }), !Catch::Contains("ignored"));
  copy.set("use_magic", true);
  copy.set("magic", 0.5);
  const std::string said = stderr_of([&] { CHECK(copy.open().loras().size() == 12); });
  CHECK_THAT(said, Catch::Contains("adapter_config.json") && Catch::Contains("ignored: use_magic, magic\n"));
  CHECK(stderr_of([&] { ExpertDirectory::open(copy.path(), /*check_values=*/false); }).empty());
}

TEST_CASE("no setting that peft writes is taken for an unknown one") {
  const Json written = read_json(golden_path("peft_query_value/adapter/adapter_config.json"));
  CHECK(written.size() > 40);
  for (const auto& [key, value] : written.items()) {
    CAPTURE(key);
    const Copy copy("peft_query_value/adapter");
    copy.set(key.c_str(), "some text");
    const std::string said = stderr_of([&] {
      try {
        copy.open();
      } catch (const Error&) {  // refused, then
      }
    });
    CHECK(said.empty());
  }
}

TEST_CASE("rank and alpha are peft's own where the configuration has none") {
  const Copy copy("peft_query_value/adapter");
  Json config = read_json((copy / "adapter_config.json").string());
  config.erase("lora_alpha");
  write_text(copy / "adapter_config.json", config.dump());
  CHECK(copy.open().loras().at(kQuery).scale == 8.0 / 2);
  config.erase("r");
  write_text(copy / "adapter_config.json", config.dump());
  expect_bad_data([&] { copy.open(); }, {"rank 2", "8 by adapter_config.json"});
}

TEST_CASE("an adapter_config.json that is none is refused") {
  const Copy copy("peft_query_value/adapter");
  for (const auto& [text, word] : std::vector<std::pair<std::string, std::string>>{
           {"[]", "array"}, {"", "adapter_config.json"}, {"{}", "no \"peft_type\""}, {"null", "null"}}) {
    CAPTURE(text);
    write_text(copy / "adapter_config.json", text);
    expect_bad_data([&] { copy.open(); }, {"adapter_config.json", word});
  }
}

TEST_CASE("adapters that peft restricts in its configuration are complete") {
  for (const auto& [golden, linears] : {std::pair("peft_excluded/adapter", 24), std::pair("peft_layers/adapter", 6)}) {
    CAPTURE(golden);
    const ExpertDirectory expert = ExpertDirectory::open(golden_path(golden));
    CHECK(expert.loras().size() == static_cast<std::size_t>(linears));
    CHECK(expert.missing(golden_base()).empty());
    CHECK_NOTHROW(expert.check_base(golden_base(), ""));
  }
}

TEST_CASE("an expert that lacks factors which its configuration promises is refused, unless that is allowed") {
  const Copy copy("peft_query_value/adapter");
  copy.rewrite("adapter_model.safetensors", [](std::vector<NamedTensor>& tensors) {
    const auto in_encoder = [](const NamedTensor& tensor) {
      return tensor.name.find(".encoder.") != std::string::npos;
    };
    std::erase_if(tensors, in_encoder);
  });
  const ExpertDirectory half = copy.open();
  CHECK(half.loras().size() == 8);
  REQUIRE(half.missing(golden_base()).size() == 4);
  CHECK(half.missing(golden_base()).front() == kQuery);
  expect_bad_data([&] { half.check_base(golden_base(), ""); },
                  {"adapter_model.safetensors", kQuery, "first of 4", "all 12", "--allow-partial"});
  const std::string said = stderr_of([&] { half.check_base(golden_base(), "", /*allow_partial=*/true); });
  CHECK_THAT(said, Catch::Contains("partial") && Catch::Contains("4 of the 12"));

  const Copy head("peft_query_value/adapter");
  head.set("target_modules", Json::array({"q", "v", "lm_head"}));
  expect_bad_data([&] { head.open().check_base(golden_base(), ""); }, {"no factors for lm_head;", "all 13"});
}

TEST_CASE("prefixes of other tools are read where all tensors have the same") {
  const std::string own = "base_model.model.";
  const auto renamed = [&](const Copy& copy, const std::string& prefix, const std::string& middle = "") {
    copy.rewrite("adapter_model.safetensors", [&](std::vector<NamedTensor>& tensors) {
      for (NamedTensor& tensor : tensors) {
        tensor.name = prefix + tensor.name.substr(own.size());
        if (!middle.empty()) tensor.name.replace(tensor.name.find(".layer."), 1, "." + middle + ".");
      }
    });
  };
  for (const std::string prefix : {"", "module.base_model.model.", "_orig_mod.base_model.model.",
                                   "base_model.model._fsdp_wrapped_module.", "base_model.model.model."}) {
    CAPTURE(prefix);
    const Copy copy("peft_query_value/adapter");
    renamed(copy, prefix, prefix.find("_fsdp") == std::string::npos ? "" : "_fsdp_wrapped_module");
    const ExpertDirectory expert = copy.open();
    CHECK(expert.loras().size() == 12);
    CHECK(expert.loras().contains(kQuery));
    CHECK_NOTHROW(expert.check_base(golden_base(), ""));
  }

  // Settings of a T5 within another model are about the paths there.
  const Copy inner("peft_query_value/adapter");
  renamed(inner, "base_model.model.model.");
  inner.set("target_modules", R"(model\..*\.[qv])");
  CHECK_NOTHROW(inner.open().check_base(golden_base(), ""));
  inner.set("target_modules", R"((encoder|decoder)\..*\.[qv])");
  expect_bad_data([&] { inner.open(); }, {"target_modules"});

  const Copy unknown("peft_query_value/adapter");
  renamed(unknown, "base_model.model.transformer.");
  expect_bad_data([&] { unknown.open().check_base(golden_base(), ""); }, {"prefix \"transformer.\"", "encoder.block."});

  const Copy mixed("peft_query_value/adapter");
  mixed.rewrite("adapter_model.safetensors",
                [](std::vector<NamedTensor>& tensors) { tensors[0].name = "module." + tensors[0].name; });
  expect_bad_data([&] { mixed.open(); }, {"module.base_model.model.", "one prefix for all tensors"});
}

TEST_CASE("a file of two adapters is refused by their names") {
  const auto with_names = [](auto&& name_of) {
    const Copy copy("peft_query_value/adapter");
    copy.rewrite("adapter_model.safetensors", [&](std::vector<NamedTensor>& tensors) {
      for (std::size_t i = 0; i < tensors.size(); ++i) {
        tensors[i].name.replace(tensors[i].name.rfind(".weight"), 7, name_of(i) + ".weight");
      }
    });
    return copy.open().loras().size();
  };
  CHECK(with_names([](std::size_t) { return std::string(".food"); }) == 12);
  expect_bad_data([&] { with_names([](std::size_t i) { return std::string(i < 2 ? ".food" : ".drink"); }); },
                  {"\"drink\"", "\"food\"", "one adapter"});
  expect_bad_data([&] { with_names([](std::size_t i) { return std::string(i < 2 ? "" : ".drink"); }); },
                  {"\"drink\"", "without a name"});
}

TEST_CASE("tensors that do not make a LoRA are refused") {
  const Copy copy("peft_query_value/adapter");
  std::vector<float> nan(2 * 64, 0.0f);
  nan[33] = std::numeric_limits<float>::quiet_NaN();
  std::vector<float> infinite(2 * 64, 0.0f);
  infinite[3] = -std::numeric_limits<float>::infinity();
  const auto values = [](const std::vector<float>& data, const Shape& shape) {
    return std::as_bytes(std::span(data)).first(static_cast<std::size_t>(count_of(shape)) * sizeof(float));
  };
  const auto spoil = [&](auto&& change, const std::vector<std::string>& words) {
    const std::string before = read_text(copy / "adapter_model.safetensors");
    copy.rewrite("adapter_model.safetensors", change);
    expect_bad_data([&] { copy.open(); }, words);
    write_text(copy / "adapter_model.safetensors", before);
  };
  spoil([](auto& tensors) { tensors.erase(tensors.begin()); }, {"no lora_A", "both"});
  spoil([](auto& tensors) { tensors.erase(tensors.begin() + 1); }, {"no lora_B", "both"});
  spoil([](auto& tensors) { tensors.clear(); }, {"no tensors"});
  spoil([](auto& tensors) { tensors[0].name = "base_model.model.lm_head.weight"; }, {"lm_head", "not a LoRA factor"});
  spoil([](auto& tensors) { tensors[0].name = "x.lora_magnitude_vector"; }, {"not a LoRA factor"});
  spoil(
      [](auto& tensors) {
        std::string name = tensors[0].name;
        name.replace(name.find(".layer."), 1, "._orig_mod.");
        tensors.push_back({name, tensors[0].view});
      },
      {"twice"});
  spoil(
      [](auto& tensors) {
        tensors.push_back({tensors[0].name.substr(17), tensors[0].view});
      },
      {"prefixes", "one prefix"});
  for (const Shape& empty : {Shape{0}, Shape{2, 0}}) {
    spoil(
        [&](auto& tensors) {
          for (auto& tensor : tensors) tensor.view = {DType::f32, empty, {}};
        },
        {to_string(empty), "which is empty", "gathered"});
  }
  spoil([](auto& tensors) { tensors[0].view.shape = {count_of(tensors[0].view.shape)}; }, {"matrix"});
  spoil(
      [](auto& tensors) {
        auto& view = tensors[0].view;
        view.shape = {1, view.shape[1]};
        view.bytes = view.bytes.first(view.bytes.size() / 2);
      },
      {"one rank"});
  spoil([](auto& tensors) { tensors[0].view.dtype = DType::i32; }, {"I32", "floating"});
  spoil([&](auto& tensors) { tensors[0].view.bytes = values(nan, tensors[0].view.shape); }, {"NaN or infinite"});
  spoil([&](auto& tensors) { tensors[0].view.bytes = values(infinite, tensors[0].view.shape); }, {"NaN or infinite"});
  CHECK(copy.open().loras().size() == 12);
}

TEST_CASE("gates that do not fit their LoRA are refused") {
  const auto spoil = [&](auto&& change, const std::vector<std::string>& words) {
    const Copy copy("experts/encoder");
    copy.rewrite("gate.safetensors", change);
    expect_bad_data([&] { copy.open(); }, words);
  };
  spoil([](auto& tensors) { tensors.erase(tensors.begin()); }, {"no vector", "encoder.block"});
  spoil([](auto& tensors) { tensors[0].name = kOutput; }, {kOutput, "without a LoRA"});
  spoil([](auto& tensors) { tensors[0].view.shape = {1, tensors[0].view.shape[0]}; }, {"vector"});
  spoil(
      [](auto& tensors) {
        tensors[0].view.shape[0] *= 2;
        tensors[0].view.dtype = DType::bf16;
      },
      {"BF16", "F32"});
  spoil(
      [](auto& tensors) {
        tensors[0].view.shape[0] -= 1;
        tensors[0].view.bytes = tensors[0].view.bytes.subspan(4);
      },
      {"as long as"});
}

TEST_CASE("an expert of another base is named as such") {
  const ExpertDirectory expert = ExpertDirectory::open(golden_path("peft_default/adapter"));
  T5Config other = golden_base();
  other.d_ff += 8;
  expect_bad_data([&] { expert.check_base(other, ""); }, {"DenseReluDense", "another base"});
  other = golden_base();
  other.feed_forward = FeedForwardKind::relu;
  expect_bad_data([&] { expert.check_base(other, ""); }, {"wi_0", "did you mean", "wi"});
  other = golden_base();
  other.num_decoder_layers -= 1;
  expect_bad_data([&] { expert.check_base(other, ""); }, {"decoder.block.", "no such linear"});
}

TEST_CASE("directories without an adapter are refused") {
  const ScratchDirectory scratch;
  expect_bad_data([&] { ExpertDirectory::open(scratch.path()); }, {scratch.path().string(), "adapter_config.json"});
  expect_bad_data([&] { ExpertDirectory::open(scratch / "missing"); }, {"missing", "no such directory"});
  expect_bad_data([&] { ExpertDirectory::open(golden_path("t5_v1_1/model")); }, {"adapter_config.json", "--model"});
  expect_bad_data([&] { ExpertDirectory::open(golden_path("peft_default")); }, {"there is one in", "default/adapter"});
  write_text(scratch / "run/run.json", "{}");
  expect_bad_data([&] { ExpertDirectory::open(scratch / "run"); }, {"an unfinished run"});
  write_text(scratch / "adapter_config.json", read_text(golden_path("peft_default/adapter/adapter_config.json")));
  expect_bad_data([&] { ExpertDirectory::open(scratch.path()); }, {"adapter_model.safetensors"});
}

/// The encoder's part of one golden expert and the decoder's part of another, of different ranks, written anew.
void write_two_part_expert(const fs::path& directory) {
  const ExpertDirectory narrow = ExpertDirectory::open(golden_path("experts/narrow"));
  const ExpertDirectory wide = ExpertDirectory::open(golden_path("experts/wide"));
  std::vector<std::vector<float>> kept;
  const auto floats = [&](const TensorView& view) {
    kept.emplace_back(view.bytes.size() / sizeof(float));
    std::memcpy(kept.back().data(), view.bytes.data(), view.bytes.size());
    return kept.back().data();
  };
  std::vector<LoraTensors> loras;
  for (const ExpertDirectory* expert : {&narrow, &wide}) {
    for (const auto& [path, lora] : expert->loras()) {
      if (path.starts_with("encoder") != (expert == &narrow)) continue;
      loras.push_back({path, lora.a.shape[1], lora.b.shape[0], lora.rank, floats(lora.a), floats(lora.b)});
    }
  }
  write_adapter(directory, loras, 1.0, "t5_v1_1");
}

TEST_CASE("written adapters have the bytes that peft was seen to load") {
  const ScratchDirectory scratch;
  write_two_part_expert(scratch.path());
  for (const char* name : {"adapter_config.json", "adapter_model.safetensors"}) {
    CHECK(read_text(scratch / name) == read_text(golden_path("store/written_expert") / name));
  }
}

TEST_CASE("linears that are adapted throughout are named in short") {
  const ScratchDirectory scratch;
  const std::vector<float> numbers(64 * 64);
  const auto targets = [&](const T5Config& config, auto&& adapted) {
    std::vector<LoraTensors> loras;
    for (const LinearSpec& linear : adapted_linears(config)) {
      if (adapted(linear.path))
        loras.push_back({linear.path, linear.in, linear.out, 1, numbers.data(), numbers.data()});
    }
    write_adapter(scratch.path(), loras, 1.0, "base");
    CHECK(ExpertDirectory::open(scratch.path()).loras().size() == loras.size());
    return read_json((scratch / "adapter_config.json").string())["target_modules"];
  };
  T5Config config = golden_base();
  const auto all = [](const std::string&) { return true; };
  CHECK(targets(config, all) == Json::array({"k", "o", "q", "v", "wi_0", "wi_1", "wo"}));
  CHECK(targets(config, [](const std::string& path) { return path.ends_with(".v"); }) == Json::array({"v"}));
  CHECK(targets(config, [](const std::string& path) { return path.starts_with("encoder"); }).size() == 14);
  CHECK(targets(config, [](const std::string& path) { return path != kOutput; }).size() == 35);
  config.feed_forward = FeedForwardKind::relu;
  CHECK(targets(config, all) == Json::array({"k", "o", "q", "v", "wi", "wo"}));
}

TEST_CASE("linears that are adapted in some blocks of the base only are named in full") {
  const ScratchDirectory scratch;
  const std::vector<float> numbers(64 * 64);
  std::vector<LoraTensors> loras;
  std::vector<std::string> base_linears;
  for (const LinearSpec& linear : adapted_linears(golden_base())) {
    base_linears.push_back(linear.path);
    const bool adapted = linear.path.ends_with("q") && linear.path.find("block.0.") != std::string::npos;
    if (adapted) loras.push_back({linear.path, linear.in, linear.out, 1, numbers.data(), numbers.data()});
  }
  const auto targets = [&] { return read_json((scratch / "adapter_config.json").string())["target_modules"]; };
  write_adapter(scratch.path(), loras, 1.0, "base");
  CHECK(targets() == Json::array({"q"}));
  write_adapter(scratch.path(), loras, 1.0, "base", base_linears);
  CHECK(targets().size() == 3);
  CHECK(ExpertDirectory::open(scratch.path(), false).missing(golden_base()).empty());
}

TEST_CASE("a written expert reads back, ranks and all") {
  const ScratchDirectory scratch;
  const fs::path directory = scratch / "new/expert";
  const std::vector<float> numbers = {0.f, 1.f, 2.f, 3.f, 4.f, 5.f, 6.f, 7.f, 8.f, 9.f, 10.f, 11.f};
  const float* data = numbers.data();
  write_adapter(directory, {{kQuery, 3, 2, 2, data, data + 1}, {kOutput, 2, 4, 1, data + 2, data + 3}}, 1.0, "base");
  write_gate(directory, {{kQuery, 3, data}, {kOutput, 2, data + 5}});
  const ExpertDirectory expert = ExpertDirectory::open(directory);
  CHECK(expert.name() == "expert");
  REQUIRE(expert.loras().size() == 2);
  CHECK(expert.loras().at(kQuery).scale == 0.5);
  CHECK(expert.loras().at(kOutput).scale == 1.0);
  CHECK(expert.loras().at(kQuery).b.shape == Shape{2, 2});
  CHECK(std::memcmp(expert.loras().at(kOutput).b.bytes.data(), data + 3, 16) == 0);
  CHECK(std::memcmp(expert.gates().at(kOutput).bytes.data(), data + 5, 8) == 0);
  const Json config = read_json((directory / "adapter_config.json").string());
  CHECK(config["lora_alpha"].is_number_integer());
  CHECK(config["rank_pattern"].size() == 1);

  const std::string before = read_text(directory / "adapter_model.safetensors");
  write_adapter(directory, {{kOutput, 2, 4, 1, data + 2, data + 3}, {kQuery, 3, 2, 2, data, data + 1}}, 1.0, "base");
  CHECK(read_text(directory / "adapter_model.safetensors") == before);
  fs::remove(directory / "gate.safetensors");
  write_adapter(directory, {{kQuery, 3, 2, 2, data, data + 1}}, 0.25, "base");
  CHECK(ExpertDirectory::open(directory, false).loras().at(kQuery).scale == 0.125);
}

}  // namespace
}  // namespace phatgoose
