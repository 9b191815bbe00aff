#include "phatgoose/store/manifest.h"

#include <catch2/catch.hpp>

#include "phatgoose/store/safetensors.h"
#include "support/expect_error.h"
#include "support/golden.h"
#include "support/scratch_directory.h"

namespace phatgoose {
namespace {

using test::expect_bad_data;
using test::golden_path;
using test::ScratchDirectory;
using test::write_text;

TEST_CASE("a manifest keeps its body and lists its files") {
  const ScratchDirectory scratch;
  write_text(scratch / "weights", "abc");
  write_text(scratch / "logs/metrics", "");
  write_manifest(scratch.path(), {"expert", {{"name", "x"}, {"n", 3}}}, {"weights", "logs/metrics"});
  const auto manifest = read_manifest(scratch.path(), "expert", true);
  REQUIRE(manifest);
  CHECK(manifest->kind == "expert");
  CHECK(manifest->body == Json{{"name", "x"}, {"n", 3}});
  CHECK(read_manifest(scratch.path())->body == manifest->body);

  const std::string first = test::read_text(scratch / "manifest.json");
  write_manifest(scratch.path(), *manifest, {"weights", "logs/metrics"});
  CHECK(test::read_text(scratch / "manifest.json") == first);
}

TEST_CASE("a directory without a manifest has none") {
  const ScratchDirectory scratch;
  CHECK_FALSE(read_manifest(scratch.path()));
  CHECK_FALSE(read_manifest(scratch / "missing"));
}

TEST_CASE("a directory that is not as its manifest says is refused") {
  const ScratchDirectory scratch;
  write_text(scratch / "weights", "abc");
  write_manifest(scratch.path(), {"expert", Json::object()}, {"weights"});
  const auto read = [&] { read_manifest(scratch.path(), "expert"); };
  const auto verify = [&] { read_manifest(scratch.path(), "expert", true); };
  verify();
  write_text(scratch / "weights", "abd");
  read();
  expect_bad_data(verify, {"weights", "hash"});
  write_text(scratch / "weights", "ab");
  expect_bad_data(read, {"weights", "2 bytes", "3"});
  fs::remove(scratch / "weights");
  expect_bad_data(read, {"weights", "missing"});
  write_text(scratch / "weights", "abc");
  expect_bad_data([&] { read_manifest(scratch.path(), "model"); }, {"expert", "model"});
}

TEST_CASE("damaged manifests are refused") {
  const ScratchDirectory scratch;
  const std::string text = GENERATE(
      "", "{", "[]", "null", "{}", R"({"kind":1})", R"({"kind":"x"})", R"({"kind":"x","format":2,"files":{}})",
      R"({"kind":"x","format":1})", R"({"kind":"x","format":1,"files":[]})",
      R"({"kind":"x","format":1,"files":{"a":1}})", R"({"kind":"x","format":1,"files":{"../a":{"size":1,"hash":""}}})",
      R"({"kind":"x","format":1,"files":{"/a":{"size":1,"hash":""}}})",
      R"({"kind":"x","format":1,"files":{"manifest.json":{"size":-1,"hash":""}}})",
      R"({"kind":"x","kind":"y","format":1,"files":{}})");
  CAPTURE(text);
  write_text(scratch / "manifest.json", text);
  expect_bad_data([&] { read_manifest(scratch.path()); }, {"manifest.json"});
}

TEST_CASE("a finished product that is damaged says what to remove") {
  const ScratchDirectory scratch;
  const std::string out = scratch / "out";
  CHECK_FALSE(read_finished(out, "expert"));
  write_text(scratch / "out/weights", "abc");
  write_manifest(out, {"expert", {{"name", "x"}}}, {"weights"});
  CHECK(read_finished(out, "expert")->body.at("name") == "x");
  const auto check = [&](const std::vector<std::string>& words) {
    expect_bad_data([&] { read_finished(out, "expert"); }, words);
    expect_bad_data([&] { read_finished(out, "expert"); }, {"remove " + out});
    CHECK_THAT(test::error_of(ExitCode::bad_data, [&] { read_finished(out, "expert", "do it by hand"); }),
               Catch::Contains("do it by hand") && !Catch::Contains("remove"));
  };
  expect_bad_data([&] { read_finished(out, "model"); }, {"a directory of kind expert"});
  write_text(scratch / "out/weights", "abd");
  check({"weights", "hash"});
  expect_bad_data([&] { check_output_directory(out, "expert"); }, {"remove " + out});
  test::error_of(ExitCode::usage, [&] { check_output_directory(out, "model"); });
  fs::remove(scratch / "out/weights");
  check({"weights", "missing"});
  write_text(scratch / "out/manifest.json", "{");
  check({"manifest.json"});
}

TEST_CASE("a body may not use the frame's keys") {
  const ScratchDirectory scratch;
  test::error_of(ExitCode::bug, [&] { write_manifest(scratch.path(), {"x", {{"files", 1}}}, {}); });
  CHECK_FALSE(fs::exists(scratch / "manifest.json"));
}

TEST_CASE("an output directory may be missing, empty or of the same kind") {
  const ScratchDirectory scratch;
  check_output_directory(scratch / "missing", "routed-model");
  check_output_directory(scratch.path(), "routed-model");
  write_manifest(scratch.path(), {"routed-model", Json::object()}, {});
  check_output_directory(scratch.path(), "routed-model");
  const auto check = [&](const fs::path& directory) {
    const std::string line =
        test::error_of(ExitCode::usage, [&] { check_output_directory(directory, "routed-model"); });
    CHECK_THAT(line, Catch::Contains(directory.string()));
  };
  write_manifest(scratch.path(), {"expert", Json::object()}, {});
  check(scratch.path());
  write_text(scratch / "manifest.json", "{");
  check(scratch.path());
  write_text(scratch / "other/file", "");
  check(scratch / "other");
  check(scratch / "other/file");
}

std::vector<NamedTensor> tensors_of(const TensorArchive& archive) {
  std::vector<NamedTensor> tensors;
  for (const auto& [name, view] : archive.tensors()) tensors.push_back({name, view});
  return tensors;
}

TEST_CASE("the fingerprint of a base does not depend on its container") {
  const std::string single = base_fingerprint(golden_path("t5_v1_1/model"));
  CHECK(single.size() == 16);
  CHECK(single != base_fingerprint(golden_path("t5_v1_0/model")));

  const ScratchDirectory scratch;
  const SafetensorsFile file(golden_path("t5_v1_1/model") / "model.safetensors");
  auto tensors = tensors_of(file);
  std::vector<NamedTensor> one, two;
  for (std::size_t i = 0; i < tensors.size(); ++i) (i % 2 ? one : two).push_back(tensors[i]);
  Json weight_map;
  for (const auto& tensor : one) weight_map[tensor.name] = "one.safetensors";
  for (const auto& tensor : two) weight_map[tensor.name] = "two.safetensors";
  write_safetensors(scratch / "one.safetensors", one);
  write_safetensors(scratch / "two.safetensors", two);
  write_text(scratch / "model.safetensors.index.json", Json{{"weight_map", weight_map}}.dump());
  CHECK(base_fingerprint(scratch.path()) == single);

  // The embedding under its other names changes nothing; other data do.
  auto copies = tensors;
  for (const char* name : {"encoder.embed_tokens.weight", "decoder.embed_tokens.weight"}) {
    if (!file.contains(name)) copies.push_back({name, file.at("shared.weight")});
  }
  write_safetensors(scratch / "model.safetensors", copies);
  CHECK(base_fingerprint(scratch.path()) == single);
  std::vector<std::byte> changed(tensors[0].view.bytes.begin(), tensors[0].view.bytes.end());
  changed[changed.size() / 2] ^= std::byte{1};
  tensors[0].view.bytes = changed;
  write_safetensors(scratch / "model.safetensors", tensors);
  CHECK(base_fingerprint(scratch.path()) != single);
}

TEST_CASE("fingerprints stay what they were: experts remember them") {
  CHECK(base_fingerprint(fs::path(PHATGOOSE_TESTS_DIR) / "../assets/base") == "8bffeefa6621c4c2");
  CHECK(base_fingerprint(golden_path("t5_v1_0/model")) == "ca1ae9011804f24e");
  CHECK(base_fingerprint(golden_path("t5_v1_1/model")) == "7a3e5aa84f4fb40e");
  CHECK(base_fingerprint(golden_path("t5_v1_1_rewritten/model")) == "9a84c60386d4eee1");
  CHECK(base_fingerprint(golden_path("t5_unusual/model")) == "754c8c32dcea6f85");  // with copies of the embedding
}

TEST_CASE("a Git LFS pointer in a finished directory is called so") {
  const ScratchDirectory scratch;
  write_text(scratch / "data", "some bytes");
  write_manifest(scratch.path(), {.kind = "model"}, {"data"});
  write_text(scratch / "data", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 10\n");
  expect_bad_data([&] { read_manifest(scratch.path(), "model"); }, {"data", "a Git LFS pointer", "10 bytes"});
}

TEST_CASE("the fingerprint of a large tensor samples it from the first byte to the last") {
  const ScratchDirectory scratch;
  std::vector<std::byte> data(1 << 20);
  const auto fingerprint = [&] {
    write_safetensors(scratch / "model.safetensors", {{"w", {DType::u8, {1 << 20}, data}}});
    return base_fingerprint(scratch.path());
  };
  const std::string before = fingerprint();
  for (const std::size_t place : {std::size_t{0}, data.size() / 3, data.size() - 1}) {
    data[place] = std::byte{1};
    CHECK(fingerprint() != before);
    data[place] = std::byte{0};
  }
  CHECK(fingerprint() == before);
}

}  // namespace
}  // namespace phatgoose
