#include "phatgoose/store/modular_directory.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <limits>

#include "phatgoose/store/expert_directory.h"
#include "phatgoose/store/float_values.h"
#include "phatgoose/store/safetensors.h"
#include "support/expect_error.h"
#include "support/golden.h"
#include "support/modular_adapter.h"
#include "support/scratch_directory.h"
#include "support/stderr_of.h"

namespace phatgoose {
namespace {

using test::every_modular_adapter;
using test::expect_bad_data;
using test::golden_path;
using test::ModularAdapter;
using test::ScratchDirectory;
using test::stderr_of;
using test::write_text;

constexpr const char* kQuery = "encoder.block.0.layer.0.SelfAttention.q";

T5Config golden_base() { return read_t5_config(golden_path("t5_v1_1/model")); }

std::vector<std::string> base_linears() {
  std::vector<std::string> paths;
  for (const LinearSpec& linear : adapted_linears(golden_base())) paths.push_back(linear.path);
  return paths;
}

/// A copy of PEFT's golden directory, or an adapter of our own, that a test may spoil.
class Spoiled {
 public:
  explicit Spoiled(const char* golden) {
    fs::copy(golden_path(golden), directory_.path(), fs::copy_options::recursive);
  }
  explicit Spoiled(const ModularAdapter& adapter) { adapter.write(directory_.path()); }

  const fs::path& path() const { return directory_.path(); }
  ModularDirectory open() const { return ModularDirectory::open(path()); }

  /// Sets a key of a file of JSON, or erases it where there is no value.
  void set(const char* file, const char* key, const std::optional<Json>& value) const {
    Json json = read_json((path() / file).string());
    if (value) {
      json[key] = *value;
    } else {
      json.erase(key);
    }
    write_text(path() / file, json.dump());
  }
  /// Rewrites a file of tensors with some changes; the manifest then says nothing of it.
  template <typename Change>
  void rewrite(const char* name, Change&& change) const {
    if (is_file(path() / "manifest.json")) set("manifest.json", "files", Json::object());
    std::vector<NamedTensor> tensors;
    {
      const SafetensorsFile file(path() / name);
      for (const auto& [key, view] : file.tensors()) tensors.push_back({key, view});
      change(tensors);
      write_safetensors(path() / "changed", tensors);
    }
    fs::rename(path() / "changed", path() / name);
  }
  /// rewrite(), and then the directory must be refused with these words.
  template <typename Change>
  void refused(const char* name, Change&& change, const std::vector<std::string>& words) const {
    const std::string before = test::read_text(path() / name);
    rewrite(name, change);
    expect_bad_data([&] { open(); }, words);
    write_text(path() / name, before);
  }

 private:
  ScratchDirectory directory_;
};

NamedTensor& tensor_ending(std::vector<NamedTensor>& tensors, const std::string& end) {
  return *std::ranges::find_if(tensors, [&](const NamedTensor& tensor) { return tensor.name.ends_with(end); });
}

/// Fewer of the tensor's numbers, in another shape.
void reshape(NamedTensor& tensor, const Shape& shape) {
  tensor.view.shape = shape;
  tensor.view.bytes = tensor.view.bytes.first(static_cast<std::size_t>(count_of(shape)) * sizeof(float));
}

/// Writes an opened adapter again.
void write_again(const ModularDirectory& adapter, const fs::path& out) {
  std::vector<std::vector<float>> kept;
  std::vector<ModularTensors> tensors;
  const auto data = [&](const TensorView& view) { return kept.emplace_back(float_values(view)).data(); };
  for (const LinearSpec& linear : adapted_linears(golden_base())) {
    const auto found = adapter.entries().find(linear.path);
    if (found == adapter.entries().end()) continue;
    const ModularEntry& entry = found->second;
    tensors.push_back({linear.path, linear.in, linear.out, data(entry.a), data(entry.b), data(entry.logits)});
  }
  write_modular(out, adapter.shape(), static_cast<std::int64_t>(adapter.tasks().size()), tensors, "t5_v1_1",
                base_linears());
}

}  // namespace

TEST_CASE("directories of PEFT's Poly are read, as poly or mhr") {
  struct Case {
    const char* golden;
    ModularShape shape;
    const char* path;
    Shape a, b;
  };
  const auto row = GENERATE(values<Case>({
      {"modular_poly/adapter", {ModularMethod::poly, 2, 2, 1, 1}, kQuery, {1, 2, 32, 2}, {1, 2, 2, 24}},
      {"modular_mhr/adapter",
       {ModularMethod::mhr, 2, 2, 2, 1},
       "decoder.block.1.layer.2.DenseReluDense.wo",
       {2, 2, 20, 2},
       {2, 2, 2, 16}},
  }));
  CAPTURE(row.golden);
  const ModularDirectory adapter = ModularDirectory::open(golden_path(row.golden));
  CHECK(adapter.shape() == row.shape);
  CHECK(adapter.name() == "adapter");
  CHECK(adapter.tasks() == std::vector<std::string>{"0", "1", "2"});
  CHECK(adapter.task_number("2") == 2);
  CHECK_FALSE(adapter.task_number("3"));
  CHECK_FALSE(adapter.base_fingerprint());
  CHECK(adapter.entries().size() == 16);
  const ModularEntry& entry = adapter.entries().at(row.path);
  CHECK(entry.a.shape == row.a);
  CHECK(entry.b.shape == row.b);
  CHECK(entry.logits.shape == Shape{3, row.shape.logits()});
  CHECK(adapter.hash() == content_hash_of_file(golden_path(row.golden) / "adapter_model.safetensors"));
  CHECK_NOTHROW(adapter.check_base(golden_base(), "anything"));
}

TEST_CASE("what PEFT wrote is written again as it was") {
  const std::string golden = GENERATE("modular_poly/adapter", "modular_mhr/adapter");
  const ScratchDirectory scratch;
  write_again(ModularDirectory::open(golden_path(golden)), scratch.path());
  CHECK(test::read_text(scratch / "adapter_model.safetensors") ==
        test::read_text(golden_path(golden) / "adapter_model.safetensors"));
  const Json written = read_json((scratch / "adapter_config.json").string()),
             original = read_json((golden_path(golden) / "adapter_config.json").string());
  for (const auto& [key, value] : written.items()) {
    CAPTURE(key);
    CHECK(original.at(key) == value);
  }
}

/// For tests/oracle/check_modular_with_peft.py.
TEST_CASE("Write modular adapters for peft", "[.][export]") {
  const char* out = std::getenv("PHATGOOSE_MODULAR_OUT");
  REQUIRE(out != nullptr);
  for (const std::string name : {"modular_poly", "modular_mhr"}) {
    write_again(ModularDirectory::open(golden_path(name) / "adapter"), fs::path(out) / name);
  }
}

TEST_CASE("adapters of every method are read as they were written") {
  for (const ModularAdapter& adapter : every_modular_adapter()) {
    const ModularShape& shape = adapter.shape;
    CAPTURE(name_of(shape.method));
    const ScratchDirectory scratch;
    adapter.write(scratch.path());
    const ModularDirectory opened = ModularDirectory::open(scratch.path());
    CHECK(opened.shape() == shape);
    CHECK(opened.tasks() == adapter.tasks);
    CHECK(opened.name() == "adapter");
    CHECK(opened.base_fingerprint() == adapter.fingerprint);
    CHECK(is_file(scratch / "leaves.safetensors") == has_leaves(shape.method));
    CHECK(is_file(scratch / "adapter_config.json") != has_leaves(shape.method));
    REQUIRE(opened.entries().size() == 2);
    for (const LinearSpec& linear : adapter.linears) {
      const ModularEntry& entry = opened.entries().at(linear.path);
      CHECK(entry.a.shape == shape.a_shape(linear.in));
      CHECK(entry.b.shape == shape.b_shape(linear.out));
      CHECK(float_values(entry.a).at(3) == 1 + 3.0f / 64);
      CHECK(float_values(entry.b).at(3) == -1 + 3.0f / 64);
      CHECK(entry.logits.shape == (has_routing(shape.method) ? Shape{2, shape.logits()} : Shape{0}));
    }
    CHECK_NOTHROW(opened.check_base(golden_base(), adapter.fingerprint));
    expect_bad_data([&] { opened.check_base(golden_base(), "other"); }, {adapter.fingerprint, "other", "another base"});
  }
}

TEST_CASE("TLoRA may be without tasks, methods with routing may not") {
  ModularAdapter adapter = every_modular_adapter().front();
  adapter.tasks.clear();
  CHECK(Spoiled(adapter).open().tasks().empty());
  const Spoiled routed(every_modular_adapter().back());
  routed.set("manifest.json", "tasks", Json::array());
  expect_bad_data([&] { routed.open(); }, {"manifest.json", "no tasks", "every row"});
}

TEST_CASE("settings of PEFT that Poly here cannot represent are refused with the reason") {
  struct Case {
    const char* key;
    std::optional<Json> value;
    std::vector<std::string> words;
  };
  const auto row = GENERATE(values<Case>({
      {"peft_type", "IA3", {"peft_type IA3", "POLY"}},
      {"poly_type", "mole", {"poly_type mole", "poly"}},
      {"poly_type", nullptr, {"poly_type"}},
      {"task_type", "SEQ_CLS", {"task_type SEQ_CLS"}},
      {"modules_to_save", Json::array({"lm_head"}), {"fully trained modules (modules_to_save)"}},
      {"r", 3, {"shape [2, 2, 16, 2]", "[2, 2, 16, 3] by the sizes in adapter_config.json"}},
      {"r", std::nullopt, {"[2, 2, 16, 8]"}},
      {"r", 0, {"r 0", "1 to 2^20"}},
      {"r", "2", {"\"r\""}},
      {"n_skills", 3, {"shape [2, 2, 16, 2]", "[2, 3, 16, 2]"}},
      {"n_skills", std::nullopt, {"[2, 4, 16, 2]"}},
      {"n_splits", 1, {"shape [2, 2, 16, 2]", "[1, 2, 16, 2]"}},
      {"n_splits", -1, {"n_splits -1"}},
      {"n_tasks", 4, {"module_logits", "shape [3, 4]", "[4, 4]"}},
      {"n_tasks", 1e9, {"n_tasks"}},
      {"target_modules", Json::array({"k", "wo"}), {"SelfAttention.o", "target_modules", "leaves out"}},
      {"exclude_modules", "decoder.*", {"decoder", "exclude_modules", "leaves out"}},
      {"target_modules", 3, {"target_modules"}},
  }));
  CAPTURE(row.key);
  const Spoiled adapter("modular_mhr/adapter");
  adapter.set("adapter_config.json", row.key, row.value);
  expect_bad_data([&] { adapter.open(); }, row.words);
}

TEST_CASE("no setting that PEFT writes for Poly is unknown, others are said") {
  const Spoiled adapter("modular_poly/adapter");
  CHECK(stderr_of([&] { adapter.open(); }).empty());
  const Json settings = {{"init_weights", false}, {"revision", "main"}, {"inference_mode", false}, {"new", nullptr}};
  for (const auto& [key, value] : settings.items()) adapter.set("adapter_config.json", key.c_str(), value);
  CHECK(stderr_of([&] { adapter.open(); }).empty());
  // PEFT's Poly knows no layers_to_transform.
  adapter.set("adapter_config.json", "layers_to_transform", Json::array({0}));
  CHECK_THAT(stderr_of([&] { CHECK(adapter.open().entries().size() == 16); }),
             Catch::Contains("adapter_config.json") && Catch::Contains("ignored: layers_to_transform\n"));
  CHECK(stderr_of([&] { ModularDirectory::open(adapter.path(), /*check_values=*/false); }).empty());
}

TEST_CASE("tensors that do not make a Poly are refused") {
  const Spoiled adapter("modular_mhr/adapter");
  const char* file = "adapter_model.safetensors";
  const std::string first = "base_model.model.decoder.block.0.layer.0.SelfAttention.k.poly_";
  std::vector<float> nan(2 * 2 * 16 * 2, std::numeric_limits<float>::quiet_NaN());
  const auto a = [&](auto& tensors) -> NamedTensor& { return tensor_ending(tensors, first + "lora_A"); };
  const auto logits = [&](auto& tensors) -> NamedTensor& {
    return tensor_ending(tensors, first + "router.module_logits");
  };
  adapter.refused(file,
                  [&](auto& tensors) { std::erase_if(tensors, [&](auto& t) { return t.name == first + "lora_A"; }); },
                  {"SelfAttention.k", "no poly_lora_A", "both factors"});
  adapter.refused(file,
                  [&](auto& tensors) {
                    std::erase_if(tensors, [](auto& t) {
                      return t.name.ends_with("block.1.layer.0.SelfAttention.k.poly_router.module_logits");
                    });
                  },
                  {"SelfAttention.k", "no poly_router.module_logits", "logits"});
  adapter.refused(file, [](auto& tensors) { tensors.clear(); }, {"no tensors"});
  adapter.refused(file, [&](auto& tensors) { a(tensors).name += ".weight.x"; }, {"not of a Poly layer"});
  adapter.refused(file,
                  [&](auto& tensors) {
                    tensors.push_back({kQuery + std::string(".lora_A.weight"), a(tensors).view});
                  },
                  {"lora_A.weight", "not of a Poly layer"});
  adapter.refused(file, [&](auto& tensors) { a(tensors).name += ".other"; }, {"two adapters", "\"other\""});
  adapter.refused(file, [&](auto& tensors) { a(tensors).name = "module." + a(tensors).name; },
                  {"prefixes", "one prefix"});
  adapter.refused(file,
                  [&](auto& tensors) {
                    reshape(a(tensors), {2, 2, 8, 2});
                    reshape(logits(tensors), {2, 4});
                  },
                  {"shape [2, 4]", "[3, 4] by the sizes in adapter_config.json"});
  adapter.refused(file, [&](auto& tensors) { reshape(logits(tensors), {3, 2}); }, {"shape [3, 2]", "[3, 4]"});
  adapter.refused(file, [&](auto& tensors) { reshape(a(tensors), {4, 16, 2}); }, {"[4, 16, 2]", "4 dimensions"});
  adapter.refused(file, [&](auto& tensors) { reshape(logits(tensors), {12}); }, {"[12]", "a matrix"});
  adapter.refused(file, [&](auto& tensors) { a(tensors).view = {DType::f32, {2, 0, 16, 2}, {}}; }, {"which is empty"});
  adapter.refused(file, [&](auto& tensors) { a(tensors).view.dtype = DType::i32; }, {"I32", "floating-point"});
  adapter.refused(file, [&](auto& tensors) { a(tensors).view.bytes = std::as_bytes(std::span(nan)); },
                  {"lora_A", "NaN or infinite"});
  adapter.refused(file, [&](auto& tensors) { logits(tensors).view.bytes = std::as_bytes(std::span(nan)).first(48); },
                  {"module_logits", "NaN or infinite"});
  CHECK(adapter.open().entries().size() == 16);
}

TEST_CASE("without a check of values the logits are still looked at") {
  const Spoiled adapter("modular_poly/adapter");
  std::vector<float> nan(2 * 32 * 2, std::numeric_limits<float>::quiet_NaN());
  const auto spoil = [&](const char* part, std::size_t bytes) {
    adapter.rewrite("adapter_model.safetensors", [&](auto& tensors) {
      tensor_ending(tensors, std::string(kQuery) + part).view.bytes = std::as_bytes(std::span(nan)).first(bytes);
    });
  };
  spoil(".poly_lora_A", 2 * 32 * 2 * 4);
  CHECK_NOTHROW(ModularDirectory::open(adapter.path(), /*check_values=*/false));
  spoil(".poly_router.module_logits", 3 * 2 * 4);
  expect_bad_data([&] { ModularDirectory::open(adapter.path(), /*check_values=*/false); }, {"module_logits", "NaN"});
}

TEST_CASE("other spellings of PEFT's names are read") {
  const Spoiled adapter("modular_poly/adapter");
  adapter.rewrite("adapter_model.safetensors", [](auto& tensors) {
    for (NamedTensor& tensor : tensors) {
      const std::size_t end = tensor.name.find(".module_logits");
      tensor.name.insert(std::min(end, tensor.name.size()), ".default");
      tensor.name = "module." + tensor.name;
    }
  });
  CHECK(adapter.open().entries().contains(kQuery));
}

TEST_CASE("leaves that do not make an adapter are refused") {
  const ModularAdapter made = every_modular_adapter()[4];  // [2, 3, 2, 6] and [2, 6]
  const Spoiled adapter(made);
  const char* file = "leaves.safetensors";
  const auto part = [](auto& tensors, const char* end) -> NamedTensor& {
    return tensor_ending(tensors, std::string(kQuery) + end);
  };
  adapter.refused(file, [&](auto& tensors) { std::erase_if(tensors, [](auto& t) { return t.name.ends_with(".b"); }); },
                  {"no b", "both factors"});
  adapter.refused(file,
                  [&](auto& tensors) { std::erase_if(tensors, [](auto& t) { return t.name.ends_with("q.logits"); }); },
                  {kQuery, "no logits"});
  adapter.refused(file, [&](auto& tensors) { part(tensors, ".a").name += "2"; }, {"q.a2", "no leaf"});
  adapter.refused(file, [&](auto& tensors) { part(tensors, ".a").name = ".a"; }, {".a", "no leaf"});
  adapter.refused(file,
                  [&](auto& tensors) {
                    reshape(part(tensors, ".a"), {2, 2, 2, 6});
                  },
                  {"shape [2, 2, 2, 6]", "[2, 3, 2, 6] by the sizes in manifest.json"});
  adapter.refused(file, [&](auto& tensors) { reshape(part(tensors, ".logits"), {2, 3}); }, {"shape [2, 3]", "[2, 6]"});
  adapter.refused(file, [&](auto& tensors) { reshape(part(tensors, ".logits"), {1, 6}); }, {"shape [1, 6]", "[2, 6]"});
  adapter.refused(file, [](auto& tensors) { tensors.clear(); }, {"no tensors"});
  fs::remove(adapter.path() / file);
  expect_bad_data([&] { adapter.open(); }, {file});

  const Spoiled unrouted(every_modular_adapter()[0]);
  unrouted.refused(file,
                   [&](auto& tensors) {
                     tensors.push_back({std::string(kQuery) + ".logits", part(tensors, ".a").view});
                   },
                   {"logits"});
  unrouted.refused(file,
                   [&](auto& tensors) {
                     tensors.push_back({std::string(kQuery) + ".logits", part(tensors, ".a").view});
                     reshape(tensors.back(), {2, 3});
                   },
                   {"tlora has no routing"});
}

TEST_CASE("a manifest must be one of a modular adapter, and say what the files say") {
  struct Case {
    std::size_t adapter;
    const char* key;
    std::optional<Json> value;
    std::vector<std::string> words;
  };
  const auto row = GENERATE(values<Case>({
      {1, "method", "lora", {"method \"lora\"", "tlora, poly, mhr, tensorpoly-1, tensorpoly-2"}},
      {1, "method", std::nullopt, {"method"}},
      {1, "method", "mhr", {"splits 1 of mhr", "2 or more"}},
      {2, "method", "poly", {"splits 4 of poly", "1"}},
      {2, "splits", 2, {"splits 2", "4, as adapter_config.json"}},
      {1, "rank", 3, {"rank 3", "2, as adapter_config.json"}},
      {1, "rank", "2", {"rank"}},
      {1, "skills", 2, {"skills 2", "3, as adapter_config.json"}},
      {1, "skills", 0, {"skills 0"}},
      {1, "order", 2, {"order 2 of poly"}},
      {1, "order", std::nullopt, {"order"}},
      {3, "order", 3, {"order 3 of tensorpoly-1", "2 or 4"}},
      {3, "order", 2, {"[4, 3, 2, ", "[2, 3, 2, "}},
      {4, "method", "tensorpoly-1", {"logits", "shape [2, 6]", "[2, 3]"}},
      {4, "method", "tlora", {"tlora has no routing"}},
      {0, "method", "tensorpoly-1", {"no logits"}},
      {1, "tasks", Json::array({"zoo"}), {"number of tasks 1", "2, as adapter_config.json"}},
      {4, "tasks", Json::array({"zoo"}), {"shape [2, 6]", "[1, 6]"}},
      {1, "tasks", Json::array({"zoo", "zoo"}), {"second task named \"zoo\"", "unique"}},
      {1, "tasks", Json::array({"zoo", ""}), {"without a name"}},
      {1, "tasks", 2, {"tasks"}},
      {1, "base", std::nullopt, {"base"}},
      {1, "base", Json{{"path", "t5"}}, {"base", "fingerprint"}},
      {1, "name", std::nullopt, {"name"}},
      {1, "format", 99, {"format 99", "another version"}},
  }));
  CAPTURE(row.adapter, row.key);
  const Spoiled adapter(every_modular_adapter()[row.adapter]);
  adapter.set("manifest.json", row.key, row.value);
  expect_bad_data([&] { adapter.open(); }, row.words);
}

TEST_CASE("factors that are zero everywhere are said") {
  const Spoiled adapter("modular_poly/adapter");
  const std::vector<float> zeros(4096);
  adapter.rewrite("adapter_model.safetensors", [&](auto& tensors) {
    for (NamedTensor& tensor : tensors) {
      if (tensor.name.ends_with("_B")) {
        tensor.view.bytes = std::as_bytes(std::span(zeros)).first(tensor.view.bytes.size());
      }
    }
  });
  CHECK_THAT(stderr_of([&] { adapter.open(); }), Catch::Contains("changes nothing"));
}

TEST_CASE("an adapter of another base is refused") {
  T5Config other = golden_base();
  other.d_ff = 42;
  const ModularDirectory mhr = ModularDirectory::open(golden_path("modular_mhr/adapter"));
  expect_bad_data([&] { mhr.check_base(other, ""); },
                  {"DenseReluDense.wo", "A of shape [2, 2, 20, 2]", "[2, 2, 21, 2]"});
  other.d_ff = 41;
  expect_bad_data([&] { mhr.check_base(other, ""); }, {"2 splits", "a divisor of 41", "input"});
  other = golden_base();
  other.num_layers = 1;
  expect_bad_data([&] { mhr.check_base(other, ""); }, {"encoder.block.1", "no such linear layer", "another base"});
  other = golden_base();
  other.num_layers = 3;
  expect_bad_data([&] { mhr.check_base(other, ""); },
                  {"no factors for encoder.block.2.layer.0.SelfAttention.k", "first of 3", "all 19 modules"});
  const ScratchDirectory scratch;
  every_modular_adapter()[3].write(scratch.path());
  other = golden_base();
  other.d_model = 300;
  expect_bad_data([&] { ModularDirectory::open(scratch.path()).check_base(other, ""); }, {"of shape [4, 3, 2, 3]"});
}

TEST_CASE("directories of other kinds are refused by what they are") {
  const auto refused = [](const fs::path& path, const std::vector<std::string>& words) {
    expect_bad_data([&] { ModularDirectory::open(path); }, words);
  };
  refused(golden_path("peft_default/adapter"), {"an expert: one LoRA", "PEFT's Poly", "--expert"});
  refused(golden_path("t5_v1_1/model"), {"no adapter_config.json", "--model"});
  refused(golden_path("none"), {"no such directory"});
  const Spoiled expert("peft_query_value/adapter");
  write_manifest(expert.path(), {kExpertKind, Json::object()}, {});
  refused(expert.path(), {"an expert: one LoRA", "--expert"});
  write_manifest(expert.path(), {kRoutedModelKind, Json::object()}, {});
  refused(expert.path(), {"kind routed-model", "--routed"});
  write_manifest(expert.path(), {kResultsKind, Json::object()}, {});
  refused(expert.path(), {"kind results"});
  const Spoiled leaves(every_modular_adapter()[0]);
  fs::remove(leaves.path() / "manifest.json");
  refused(leaves.path(), {"no manifest.json", "leaves.safetensors"});
  write_text(leaves.path() / "run.json", "{}");
  refused(leaves.path(), {"unfinished run"});
}

TEST_CASE("a modular adapter is refused as an expert, with the command that makes one of it") {
  const auto refused = [](const fs::path& path, const std::vector<std::string>& words) {
    expect_bad_data([&] { ExpertDirectory::open(path); }, words);
  };
  const std::string peft = golden_path("modular_poly/adapter");
  refused(peft, {"a modular adapter", "phatgoose export-expert --model DIR --from " + peft + " --task NAME --out DIR"});
  const ScratchDirectory scratch;
  every_modular_adapter()[4].write(scratch / "routed");
  refused(scratch / "routed", {"a modular adapter, whose LoRA is another for each task", "--task NAME"});
  every_modular_adapter()[0].write(scratch / "tlora");
  refused(scratch / "tlora", {"a modular adapter; ", "tlora --out DIR` writes its LoRA"});
  CHECK(is_modular_directory(scratch / "tlora"));
  CHECK_FALSE(is_modular_directory(golden_path("peft_default/adapter")));
  CHECK_FALSE(is_modular_directory(golden_path("t5_v1_1/model")));
}

TEST_CASE("what cannot be written is refused before anything is") {
  const ScratchDirectory scratch;
  const std::vector<float> numbers(4096, 1.0f);
  const ModularTensors query{kQuery, 32, 24, numbers.data(), numbers.data(), numbers.data()};
  const auto write = [&](const ModularShape& shape, std::int64_t tasks, const std::vector<ModularTensors>& linears) {
    write_modular(scratch / "out", shape, tasks, linears, "t5", {});
  };
  CHECK_THROWS_AS(write({ModularMethod::mhr, 1, 1, 5, 1}, 1, {query}), Error);
  CHECK_THROWS_AS(write({ModularMethod::poly, 1, 1, 2, 1}, 1, {query}), Error);
  CHECK_THROWS_AS(write({ModularMethod::poly, 1, 1, 1, 1}, 0, {query}), Error);
  CHECK_THROWS_AS(write({ModularMethod::poly, 1, 1, 1, 1}, 1, {}), Error);
  CHECK_FALSE(fs::exists(scratch / "out"));
}

}  // namespace phatgoose
