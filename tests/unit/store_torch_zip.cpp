#include "phatgoose/store/torch_zip.h"

#include <catch2/catch.hpp>
#include <cstring>

#include "phatgoose/store/pickle.h"
#include "phatgoose/store/zip_directory.h"
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
using namespace std::string_literals;

template <typename T>
std::vector<T> values_of(const TensorView& view) {
  std::vector<T> values(view.bytes.size() / sizeof(T));
  std::memcpy(values.data(), view.bytes.data(), values.size() * sizeof(T));
  return values;
}

TEST_CASE("a module's state dictionary is read from torch.save") {
  const TorchZipFile file(golden_path("store/module.bin"));
  REQUIRE(file.tensors().size() == 3);
  CHECK(values_of<float>(file.at("shared.weight", {4, 3})) == std::vector<float>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  CHECK(file.at("embed_tokens.weight").bytes.data() == file.at("shared.weight").bytes.data());
  const TensorView& linear = file.at("linear.weight", {2, 3});
  CHECK(linear.dtype == DType::bf16);
  CHECK(values_of<std::uint16_t>(linear)[1] == 0x3f80);  // 1.0
  CHECK_THAT(file.where("linear.weight"), Catch::EndsWith("module.bin: linear.weight"));
  file.release("linear.weight");
}

TEST_CASE("every dtype, views and parameters are read from torch.save") {
  const TorchZipFile file(golden_path("store/dtypes.bin"));
  CHECK(file.tensors().size() == 15);
  CHECK(values_of<double>(file.at("float64")) == std::vector<double>{0, 1, 2});
  CHECK(values_of<float>(file.at("float32")) == std::vector<float>{0, 1, 2});
  CHECK(values_of<std::uint16_t>(file.at("float16")) == std::vector<std::uint16_t>{0, 0x3c00, 0x4000});
  CHECK(values_of<std::uint16_t>(file.at("bfloat16")) == std::vector<std::uint16_t>{0, 0x3f80, 0x4000});
  CHECK(values_of<std::int64_t>(file.at("int64")) == std::vector<std::int64_t>{0, 1, 2});
  CHECK(values_of<std::int32_t>(file.at("int32")) == std::vector<std::int32_t>{0, 1, 2});
  CHECK(values_of<std::int16_t>(file.at("int16")) == std::vector<std::int16_t>{0, 1, 2});
  CHECK(values_of<std::int8_t>(file.at("int8")) == std::vector<std::int8_t>{0, 1, 2});
  CHECK(values_of<std::uint8_t>(file.at("uint8")) == std::vector<std::uint8_t>{0, 1, 2});
  CHECK(values_of<std::uint8_t>(file.at("bool")) == std::vector<std::uint8_t>{0, 1, 1});
  CHECK(file.at("bool").dtype == DType::boolean);
  CHECK(values_of<float>(file.at("rows", {2, 5})) == std::vector<float>{5, 6, 7, 8, 9, 10, 11, 12, 13, 14});
  CHECK(values_of<float>(file.at("column", {1, 1})) == std::vector<float>{0});
  CHECK(values_of<float>(file.at("scalar", {})) == std::vector<float>{7});
  CHECK(file.at("empty", {0, 5}).bytes.empty());
  CHECK(values_of<float>(file.at("parameter", {2})) == std::vector<float>{0, 1});
}

TEST_CASE("a model directory may hold pytorch_model.bin, whole or in shards") {
  const ScratchDirectory scratch;
  fs::copy_file(golden_path("store/module.bin"), scratch / "pytorch_model.bin");
  CHECK(open_model_archive(scratch.path())->tensors().size() == 3);
  fs::rename(scratch / "pytorch_model.bin", scratch / "shard.bin");
  write_text(scratch / "pytorch_model.bin.index.json",
             R"({"weight_map":{"shared.weight":"shard.bin","embed_tokens.weight":"shard.bin",)"
             R"("linear.weight":"shard.bin"}})");
  CHECK(open_model_archive(scratch.path())->tensors().size() == 3);
  // A copy of the embedding that no shard holds, and one that the index does not list.
  write_text(scratch / "pytorch_model.bin.index.json",
             R"({"weight_map":{"encoder.embed_tokens.weight":"shard.bin","embed_tokens.weight":"shard.bin",)"
             R"("linear.weight":"shard.bin"}})");
  CHECK(open_model_archive(scratch.path())->contains("shared.weight"));
}

TEST_CASE("checkpoints that hold something else are refused with the reason") {
  struct Case {
    const char* file;
    std::vector<std::string> words;
  };
  const auto row = GENERATE(values<Case>({
      {"legacy.bin", {"before version 1.6", "torch.save", "torch.load"}},
      {"transposed.bin", {"transposed.bin: w", "[1, 3]", "[3, 2]", "contiguous"}},
      {"not_tensors.bin", {"not_tensors.bin: step", "an integer", "a tensor"}},
      {"nested.bin", {"nested.bin: model", "a dictionary", "a tensor"}},
      {"list.bin", {"a list", "a dictionary of tensors"}},
      {"foreign_class.bin", {"collections.Counter"}},
      {"complex.bin", {"torch.ComplexFloatStorage"}},
      {"protocol4.bin", {"protocol 2"}},
      {"reference.safetensors", {"not a zip file", "torch.save"}},
  }));
  CAPTURE(row.file);
  expect_bad_data([&] { TorchZipFile(golden_path("store") / row.file); }, row.words);
}

TEST_CASE("every truncation of a checkpoint is refused") {
  const ScratchDirectory scratch;
  const std::string whole = read_text(golden_path("store/module.bin"));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    write_text(scratch / "cut.bin", std::string_view(whole).substr(0, size));
    test::error_of(ExitCode::bad_data, [&] { TorchZipFile(scratch / "cut.bin"); });
  }
  expect_bad_data([&] { TorchZipFile(scratch / "cut.bin"); }, {"a truncated zip file", "get the file again"});
}

TEST_CASE("no change of one byte of a checkpoint crashes the reader") {
  const ScratchDirectory scratch;
  const std::string whole = read_text(golden_path("store/module.bin"));
  std::size_t refused = 0;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (const char change : {'\x01', '\x20', '\x80', '\xff'}) {
      std::string changed = whole;
      changed[i] = static_cast<char>(changed[i] ^ change);
      write_text(scratch / "changed.bin", changed);
      try {
        const TorchZipFile file(scratch / "changed.bin");
        for (const auto& [name, view] : file.tensors()) CHECK(view.bytes.size() <= whole.size());
      } catch (const Error& error) {
        CHECK(error.code() == ExitCode::bad_data);
        ++refused;
      }
    }
  }
  CHECK(refused > 1000);
}

std::span<const std::byte> bytes_of(const std::string& text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

TEST_CASE("plain data is unpickled") {
  // (1, -2, 300, 70000, 2.5, None, True, {"k": [False]})
  const std::string text =
      "\x80\x02(K\x01J\xfe\xff\xff\xffM\x2c\x01\x8a\x03\x70\x11\x01G\x40\x04\0\0\0\0\0\0N\x88}q\0X\x01\0\0\0k]\x89"
      "ast."s;
  const Pickle pickle(bytes_of(text), {});
  const auto& items = pickle.root().items;
  REQUIRE(items.size() == 8);
  CHECK(items[0]->integer == 1);
  CHECK(items[1]->integer == -2);
  CHECK(items[2]->integer == 300);
  CHECK(items[3]->integer == 70000);
  CHECK(items[4]->real == 2.5);
  CHECK(items[5]->kind == PickleNode::Kind::none);
  CHECK(items[6]->integer == 1);
  REQUIRE(items[7]->items.size() == 2);
  CHECK(items[7]->items[0]->text == "k");
  CHECK(items[7]->items[1]->items[0]->kind == PickleNode::Kind::boolean);
}

TEST_CASE("a call is recorded, never made") {
  const std::string text =
      "\x80\x02"
      "cos\nsystem\nX\x02\0\0\0ls\x85R."s;
  expect_bad_data([&] { Pickle(bytes_of(text), {}); }, {"os.system"});
  const Pickle pickle(bytes_of(text), {"os.system"});
  CHECK(pickle.root().kind == PickleNode::Kind::call);
  CHECK(pickle.root().items[0]->text == "os.system");
}

TEST_CASE("malformed pickles are refused") {
  const auto text = GENERATE(values<std::string>({
      ""s,
      "."s,
      "\x80"s,
      "\x80\x04N."s,
      "NN."s,
      "(N."s,
      "t."s,
      "\x85."s,
      "N\x86."s,
      "(\x85."s,
      "Na."s,
      "]Ns."s,
      "}(Nu."s,
      "NNb."s,
      "}b."s,
      "h\0."s,
      "q\0."s,
      "Q."s,
      "R."s,
      "NNR."s,
      "N)R."s,
      "X\xff\xff\xff\xff."s,
      "X\x05\0\0\0ab"s,
      "\x8a\x09\1\2\3\4\5\6\7\x08\x09."s,
      "\x8a\x09."s,
      "cos\n"s,
      "cos"s,
      "i."s,
      "\xff."s,
      "\x81."s,
      "V1\n."s,
      "G\0\0."s,
      "N"s,
  }));
  CAPTURE(text);
  expect_bad_data([&] { Pickle(bytes_of(text), {}); }, {});
}

TEST_CASE("zip files that are not as torch.save writes them are refused") {
  const std::string whole = read_text(golden_path("store/module.bin"));
  const auto change = [&](const std::string& from, const std::string& to) {
    std::string changed = whole;
    std::size_t count = 0;
    for (std::size_t at = 0; (at = changed.find(from, at)) != std::string::npos; at += to.size(), ++count) {
      changed.replace(at, from.size(), to);
    }
    CHECK(count > 0);
    const ScratchDirectory scratch;
    write_text(scratch / "x.bin", changed);
    return test::error_of(ExitCode::bad_data, [&] { TorchZipFile(scratch / "x.bin"); });
  };
  CHECK_THAT(change("module/data.pkl", "module/data.pkx"), Catch::Contains("data.pkl"));
  CHECK_THAT(change("module/data/0", "module/data/9"), Catch::Contains("data/0"));
  CHECK_THAT(change("module/data/0", "module/data/1"), Catch::Contains("twice"));
  CHECK_THAT(change("FloatStorage", "FloatSt0rage"), Catch::Contains("torch.FloatSt0rage"));
  CHECK_THAT(change("little", "bigger"), Catch::Contains("bigger"));
  CHECK_THAT(change("X\x07\0\0\0storage"s, "X\x07\0\0\0stirage"s), Catch::Contains("stirage"));
  CHECK_THAT(change("PK\x05\x06", "PK\x05\x07"), Catch::Contains("a truncated zip file"));
}

}  // namespace
}  // namespace phatgoose
