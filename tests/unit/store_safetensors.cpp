#include "phatgoose/store/safetensors.h"

#include <catch2/catch.hpp>
#include <cstring>

#include "phatgoose/base/json.h"
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

std::string with_length(std::string_view header, std::string_view data) {
  const std::uint64_t length = header.size();
  std::string file(reinterpret_cast<const char*>(&length), sizeof length);
  return file.append(header).append(data);
}

/// A valid header for a [2] F32 tensor "a" and a [3] U8 tensor "b": 11 bytes of data.
constexpr const char* kHeader =
    R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[3],"data_offsets":[8,11]}})";
constexpr std::string_view kData = "01234567abc";

std::vector<NamedTensor> tensors_of(const SafetensorsFile& file) {
  std::vector<NamedTensor> tensors;
  for (const auto& [name, view] : file.tensors()) tensors.push_back({name, view});
  return tensors;
}

TEST_CASE("the reference writer's file is read") {
  const SafetensorsFile file(golden_path("store/reference.safetensors"));
  REQUIRE(file.tensors().size() == 14);
  const TensorView& z = file.at("z.float", {2, 3});
  CHECK(z.dtype == DType::f32);
  float values[6];
  REQUIRE(z.bytes.size() == sizeof values);
  std::memcpy(values, z.bytes.data(), sizeof values);
  CHECK(std::vector<float>(values, values + 6) == std::vector<float>{1, 0.5, 0, 0.5, 1, 1.5});
  CHECK(file.at("scalar").shape.empty());
  CHECK(file.at("scalar").bytes.size() == 4);
  CHECK(file.at("empty", {0, 4}).bytes.empty());
  CHECK(file.at("brain").dtype == DType::bf16);
  CHECK(file.at("flag").dtype == DType::boolean);
  CHECK(file.contains("quote \" back \\ tab \t bell \x07 e \u00e9 \u2603"));
  CHECK(file.metadata().empty());
  CHECK(SafetensorsFile(golden_path("store/metadata.safetensors")).metadata().at("format") == "pt");
}

TEST_CASE("the same tensors give the reference writer's bytes") {
  const ScratchDirectory scratch;
  for (const char* name : {"store/reference.safetensors", "store/metadata.safetensors"}) {
    const SafetensorsFile file(golden_path(name));
    write_safetensors(scratch / "copy", tensors_of(file), file.metadata());
    CHECK(read_text(scratch / "copy") == read_text(golden_path(name)));
  }
}

TEST_CASE("a file without tensors can be written and read") {
  const ScratchDirectory scratch;
  write_safetensors(scratch / "empty", {});
  CHECK(SafetensorsFile(scratch / "empty").tensors().empty());
}

TEST_CASE("tensors that cannot be written are our own mistake") {
  const ScratchDirectory scratch;
  const std::byte bytes[4] = {};
  const TensorView one{DType::f32, {1}, bytes};
  const auto write = [&](const std::vector<NamedTensor>& tensors) {
    test::error_of(ExitCode::bug, [&] { write_safetensors(scratch / "out", tensors); });
    CHECK_FALSE(fs::exists(scratch / "out"));
  };
  write({{"a", one}, {"a", one}});
  write({{"__metadata__", one}});
  write({{"a", {DType::f32, {2}, bytes}}});
}

TEST_CASE("missing tensors and other shapes are named") {
  const ScratchDirectory scratch;
  write_text(scratch / "x", with_length(kHeader, kData));
  const SafetensorsFile file(scratch / "x");
  file.at("a", {2});
  file.release("a");
  expect_bad_data([&] { file.at("c"); }, {"/x: c"});
  expect_bad_data([&] { file.at("a", {2, 1}); }, {"/x: a", "[2]", "[2, 1]"});
}

TEST_CASE("malformed headers are refused") {
  struct Case {
    std::string header;
    std::vector<std::string> words;
  };
  const auto entry = [](const std::string& body) { return "{\"a\":{" + body + "}}"; };
  const std::string ranges = "\"data_offsets\":[0,11]";
  const std::vector<Case> cases = {
      {"", {"'{'"}},
      {" {}", {"'{'"}},
      {"[]", {"'{'"}},
      {"{", {}},
      {"{}x", {}},
      {"{} {}", {}},
      {"{\"a\":\"\xff\"}", {}},
      {"{\"\xc3\x28\":1}", {}},
      {"{\"a\":1,}", {}},
      {"{\"a\":NaN}", {}},
      {"{}", {"11 bytes", "0"}},
      {"{\"a\":1}", {"a", "dtype"}},
      {"{\"__metadata__\":1}", {"__metadata__"}},
      {"{\"__metadata__\":{\"k\":1}}", {"__metadata__.k", "string"}},
      {entry(R"("shape":[11],)" + ranges), {"no dtype"}},
      {entry(R"("dtype":"U8",)" + ranges), {"no shape"}},
      {entry(R"("dtype":"U8","shape":[11])"), {"no data_offsets"}},
      {entry(R"("dtype":"Q8","shape":[11],)" + ranges), {"Q8", "BF16"}},
      {entry(R"("dtype":"u8","shape":[11],)" + ranges), {"u8"}},
      {entry(R"("dtype":8,"shape":[11],)" + ranges), {"dtype 8"}},
      {entry(R"("dtype":"U8","shape":11,)" + ranges), {"shape 11"}},
      {entry(R"("dtype":"U8","shape":[-11],)" + ranges), {"-11"}},
      {entry(R"("dtype":"U8","shape":[11.0],)" + ranges), {"11.0"}},
      {entry(R"("dtype":"U8","shape":["11"],)" + ranges), {"11"}},
      {entry(R"("dtype":"U8","shape":[10],)" + ranges), {"11 bytes", "10"}},
      {entry(R"("dtype":"U8","shape":[99999999999999999999],)" + ranges), {"size"}},
      {entry(R"("dtype":"U8","shape":[18446744073709551615],)" + ranges), {"2^63"}},
      {entry(R"("dtype":"F32","shape":[4294967296,4294967296],)" + ranges), {"2^63"}},
      {entry(R"("dtype":"F64","shape":[4611686018427387904],)" + ranges), {"2^63"}},
      {entry(R"("dtype":"U8","shape":[11],"data_offsets":[0])"), {"[begin, end]"}},
      {entry(R"("dtype":"U8","shape":[11],"data_offsets":[0,11,11])"), {"[begin, end]"}},
      {entry(R"("dtype":"U8","shape":[11],"data_offsets":{"0":0})"), {"[begin, end]"}},
      {entry(R"("dtype":"U8","shape":[11],"data_offsets":[11,0])"), {"begin <= end"}},
      {entry(R"("dtype":"U8","shape":[11],"data_offsets":[-1,10])"), {"-1"}},
      {entry(R"("dtype":"U8","shape":[10],"data_offsets":[0,10])"), {"11 bytes", "10"}},             // bytes left over
      {entry(R"("dtype":"U8","shape":[12],"data_offsets":[0,12])"), {"ends after 11 bytes", "12"}},  // bytes missing
      {entry(R"("dtype":"U8","shape":[10],"data_offsets":[1,11])"), {"begins at 1"}},  // hole at the start
      {entry(R"("dtype":"U8","shape":[4],"data_offsets":[9223372036854775800,9223372036854775804])"), {"begins at"}},
      {R"({"a":{"dtype":"U8","shape":[6],"data_offsets":[0,6]},"b":{"dtype":"U8","shape":[6],"data_offsets":[5,11]}})",
       {"b", "begins at 5", "6"}},  // overlap
      {R"({"a":{"dtype":"U8","shape":[5],"data_offsets":[0,5]},"b":{"dtype":"U8","shape":[5],"data_offsets":[6,11]}})",
       {"b", "begins at 6", "5"}},  // hole
      {R"({"a":{"dtype":"U8","shape":[11],"data_offsets":[0,11]},"b":{"dtype":"U8","shape":[11],"data_offsets":[0,11]}})",
       {"begins at 0", "11"}},  // the same range twice
      {R"({"a":{"dtype":"U8","shape":[6],"data_offsets":[0,6]},"a":{"dtype":"U8","shape":[5],"data_offsets":[6,11]}})",
       {"a"}},  // the same name twice
      {R"({"a":{"dtype":"U8","dtype":"U8","shape":[11],"data_offsets":[0,11]}})", {"dtype"}},
      {std::string("{\"a\0\":1}", 8).append("\0", 1), {}},
      {std::string(100'000, '['), {}},
      {"{\"a\":" + std::string(100'000, '['), {}},
  };
  const ScratchDirectory scratch;
  for (const Case& row : cases) {
    CAPTURE(row.header.substr(0, 200));
    write_text(scratch / "bad.safetensors", with_length(row.header, kData));
    expect_bad_data([&] { SafetensorsFile(scratch / "bad.safetensors"); }, {"bad.safetensors"});
    expect_bad_data([&] { SafetensorsFile(scratch / "bad.safetensors"); }, row.words);
  }
}

TEST_CASE("order in the header does not matter, trailing spaces neither") {
  const ScratchDirectory scratch;
  write_text(scratch / "x", with_length(R"({"b":{"dtype":"U8","shape":[3],"data_offsets":[8,11]},)"
                                        R"("a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}   )",
                                        kData));
  CHECK(SafetensorsFile(scratch / "x").tensors().size() == 2);
}

TEST_CASE("lengths beyond the file or the limit are refused") {
  const ScratchDirectory scratch;
  for (const std::uint64_t length : {std::uint64_t{1} << 20, std::uint64_t{100'000'001}, std::uint64_t{1} << 63,
                                     ~std::uint64_t{0}, ~std::uint64_t{0} - 7}) {
    std::string file = with_length(kHeader, kData);
    std::memcpy(file.data(), &length, sizeof length);
    write_text(scratch / "x", file);
    expect_bad_data([&] { SafetensorsFile(scratch / "x"); }, {"header"});
  }
}

TEST_CASE("every truncation of a file is refused") {
  const ScratchDirectory scratch;
  for (const std::string& whole :
       {with_length(kHeader, kData), read_text(golden_path("store/reference.safetensors"))}) {
    for (std::size_t size = 0; size < whole.size(); ++size) {
      write_text(scratch / "cut", std::string_view(whole).substr(0, size));
      test::error_of(ExitCode::bad_data, [&] { SafetensorsFile(scratch / "cut"); });
    }
  }
}

TEST_CASE("what a failed download leaves is called so") {
  const ScratchDirectory scratch;
  const auto says = [&](std::string_view content, const std::vector<std::string>& words) {
    for (const char* name : {"model.safetensors", "pytorch_model.bin"}) {
      const ScratchDirectory directory;
      write_text(directory / name, content);
      expect_bad_data([&] { open_model_archive(directory.path()); }, words);
      expect_bad_data([&] { open_model_archive(directory.path()); }, {name});
    }
  };
  says("", {"an empty file", "get the file again"});
  says("<!DOCTYPE html>\n<html>", {"text that begins with \"<!DOCTYPE html>\"", "a server's error page"});
  says("\n  Entry not found", {"\"Entry not found\""});
  says(R"({"error":"Repository not found, or this and that is restricted"})",
       {R"("{"error":"Repository not found, or this ")"});
  says("<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code>", {"text that begins"});
  const std::string whole = with_length(kHeader, kData);
  write_text(scratch / "cut", whole.substr(0, whole.size() - 1));
  expect_bad_data([&] { SafetensorsFile(scratch / "cut"); }, {"10 bytes of data", "11", "get the file again"});
  write_text(scratch / "cut", whole.substr(0, 20));
  expect_bad_data([&] { SafetensorsFile(scratch / "cut"); }, {"inside its header", "get the file again"});
}

TEST_CASE("no change of one header byte crashes the reader") {
  const ScratchDirectory scratch;
  const std::string whole = with_length(kHeader, kData);
  std::size_t refused = 0;
  for (std::size_t i = 0; i < whole.size() - kData.size(); ++i) {
    for (const char byte : {'\0', '"', '9', '}', '\xff'}) {
      std::string changed = whole;
      changed[i] = byte;
      write_text(scratch / "changed", changed);
      try {
        const SafetensorsFile file(scratch / "changed");
        for (const auto& [name, view] : file.tensors()) {
          CHECK(view.bytes.size() <= kData.size());
        }
      } catch (const Error& error) {
        CHECK(error.code() == ExitCode::bad_data);
        ++refused;
      }
    }
  }
  CHECK(refused > 400);
}

TEST_CASE("a sharded checkpoint is one archive") {
  const ScratchDirectory scratch;
  const auto shard = [](const std::string& name) {
    return with_length("{\"" + name + R"(":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}})", "abc");
  };
  write_text(scratch / "one.safetensors", shard("a"));
  write_text(scratch / "two.safetensors", shard("b"));
  const auto index = [&](const std::string& map) {
    write_text(scratch / "model.safetensors.index.json",
               "{\"metadata\":{\"total_size\":6},\"weight_map\":" + map + "}");
  };
  const auto open = [&] { return open_model_archive(scratch.path()); };

  index(R"({"a":"one.safetensors","b":"two.safetensors"})");
  const auto archive = open();
  CHECK(archive->tensors().size() == 2);
  CHECK_THAT(archive->where("b"), Catch::EndsWith("two.safetensors: b"));
  CHECK(archive->at("b", {3}).bytes[2] == std::byte{'c'});
  archive->release("b");
  expect_bad_data([&] { archive->at("c"); }, {"index.json: c"});

  index(R"({"a":"one.safetensors","b":"three.safetensors"})");
  expect_bad_data(open, {"three.safetensors", "missing"});
  index(R"({"a":"one.safetensors","b":"one.safetensors"})");
  expect_bad_data(open, {"one.safetensors", ": b"});
  index(R"({"a":"two.safetensors","b":"one.safetensors"})");
  expect_bad_data(open, {"index places"});
  index(R"({"a":"one.safetensors"})");
  CHECK(open()->tensors().size() == 1);
  index(R"({"a":"one.safetensors","b":"../two.safetensors"})");
  expect_bad_data(open, {"../two.safetensors"});
  index(R"({"a":1})");
  expect_bad_data(open, {": a"});
  index("[]");
  expect_bad_data(open, {"weight_map"});
  write_text(scratch / "model.safetensors.index.json", "{}");
  expect_bad_data(open, {"weight_map"});
}

TEST_CASE("index and shards may disagree about copies of the embedding, about nothing else") {
  const ScratchDirectory scratch;
  const auto shard = [](const std::string& name, const std::string& data = "abc") {
    return with_length("{\"" + name + R"(":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}})", data);
  };
  const auto open = [&](const Json& weight_map) {
    write_text(scratch / "model.safetensors.index.json", Json{{"weight_map", weight_map}}.dump());
    return open_model_archive(scratch.path());
  };
  const auto names = [&](const Json& weight_map) {
    std::vector<std::string> found;
    const auto archive = open(weight_map);
    for (const auto& [name, view] : archive->tensors()) found.push_back(name);
    return found;
  };
  const std::string one = "one.safetensors", two = "two.safetensors";
  const std::string shared = "shared.weight", copy = GENERATE(as<std::string>(), "encoder.embed_tokens.weight",
                                                              "decoder.embed_tokens.weight", "lm_head.weight");
  CAPTURE(copy);
  write_text(scratch / one, shard(shared));
  write_text(scratch / two, shard("other"));
  const std::vector<std::string> both = {"other", shared};
  CHECK(names({{shared, one}, {"other", two}, {copy, one}}) == both);  // listed, not stored
  CHECK(names({{shared, two}, {"other", two}, {copy, one}}) == both);  // stored elsewhere
  expect_bad_data([&] { open({{shared, one}, {"other", two}, {"third", two}}); }, {": third", two});
  expect_bad_data([&] { open({{shared, one}, {copy, two}}); }, {two + ": other", "nowhere"});

  write_text(scratch / two, with_length("{\"" + copy + R"(":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},)" +
                                            R"("other":{"dtype":"U8","shape":[3],"data_offsets":[3,6]}})",
                                        "abcdef"));
  const auto unlisted = open({{shared, one}, {"other", two}});  // stored, not listed
  CHECK(unlisted->tensors().size() == 3);
  CHECK_THAT(unlisted->where(copy), Catch::EndsWith(two + ": " + copy));
  unlisted->release(copy);

  write_text(scratch / one, shard(copy));
  CHECK(names({{copy, one}, {"other", two}}).size() == 2);  // the same in two shards
  write_text(scratch / one, shard(copy, "xyz"));
  expect_bad_data([&] { open({{copy, one}, {"other", two}}); }, {two + ": " + copy, one, "each tensor once"});
}

TEST_CASE("a directory without weights says what it looked for") {
  const ScratchDirectory scratch;
  expect_bad_data([&] { open_model_archive(scratch.path()); }, {scratch.path().string(), "model.safetensors"});
}

TEST_CASE("one file is preferred to shards") {
  const ScratchDirectory scratch;
  write_text(scratch / "model.safetensors", with_length(kHeader, kData));
  write_text(scratch / "model.safetensors.index.json", "not json");
  CHECK(open_model_archive(scratch.path())->tensors().size() == 2);
}

}  // namespace
}  // namespace phatgoose
