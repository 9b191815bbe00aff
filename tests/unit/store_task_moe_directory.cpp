#include "phatgoose/store/task_moe_directory.h"

#include <catch2/catch.hpp>
#include <limits>

#include "phatgoose/store/task_moe_tasks.h"
#include "support/expect_error.h"
#include "support/golden.h"
#include "support/mixture_files.h"
#include "support/scratch_directory.h"

namespace phatgoose {
namespace {

using test::expect_bad_data;
using test::MixtureFiles;
using test::ScratchDirectory;

T5Config mixed_base() { return read_t5_config(test::golden_path("t5_v1_1/model")); }

/// Writes a mixture with some change, and expects it to be refused with these words.
template <typename Change>
void refused(const Change& change, const std::vector<std::string>& words) {
  const ScratchDirectory scratch;
  MixtureFiles files;
  change(files);
  files.write(scratch / "mixture", mixed_base());
  expect_bad_data([&] { TaskMoeDirectory::open(scratch / "mixture"); }, words);
}

/// The same of a manifest with a key changed.
void refused_key(const char* key, const Json& value, const std::vector<std::string>& words) {
  CAPTURE(key, value.dump());
  const ScratchDirectory scratch;
  MixtureFiles().write(scratch / "mixture", mixed_base());
  Json manifest = read_json((scratch / "mixture/manifest.json").string());
  manifest[Json::json_pointer(key)] = value;
  test::write_text(scratch / "mixture/manifest.json", manifest.dump());
  expect_bad_data([&] { TaskMoeDirectory::open(scratch / "mixture"); }, words);
}

}  // namespace

TEST_CASE("mixtures of every router are read as they were written") {
  for (const std::string& router : task_router_names()) {
    CAPTURE(router);
    const ScratchDirectory scratch;
    MixtureFiles files;
    TaskMoeManifest& manifest = files.manifest;
    manifest.shape.router = *task_router_named(router);
    manifest.shape.dimension = is_learned(manifest.shape.router) ? 8 : 0;
    files.write(scratch / "mixture", mixed_base());
    const TaskMoeDirectory opened = TaskMoeDirectory::open(scratch / "mixture");
    CHECK(opened.manifest().shape == manifest.shape);
    CHECK(opened.manifest().tasks == manifest.tasks);
    CHECK(opened.manifest().name == "mixture");
    CHECK(opened.task_number("write") == 1);
    CHECK_FALSE(opened.task_number("read"));
    const bool by_task = routes_by_task(manifest.shape.router);
    CHECK(opened.routes().size() == (by_task ? 8 : 4));
    if (is_learned(manifest.shape.router)) {
      CHECK(opened.manifest().temperature == 0.5);
      CHECK(opened.vectors().shape == Shape{2, 8});
      for (const RouterTensor& tensor : router_tensors(manifest.shape)) {
        CHECK(opened.of_router(tensor.name).shape == tensor.shape);
      }
    }
    CHECK(opened.of_copy(1, "decoder.block.1.layer.2.layer_norm.weight").shape == Shape{32});
    CHECK_NOTHROW(opened.check_base(mixed_base(), manifest.base_fingerprint));
    expect_bad_data([&] { opened.check_base(mixed_base(), "other"); }, {"0123456789abcdef", "other", "another base"});
  }
}

TEST_CASE("a manifest that no mixture has is refused") {
  refused_key("/router", "lin", {"manifest.json", "router \"lin\"", "linear-per-layer"});
  refused_key("/selection", "hard", {"selection \"hard\"", "gumbel-st"});
  refused_key("/temperature", 0, {"temperature 0", "above 0"});
  refused_key("/copies", 0, {"0 copies"});
  refused_key("/copies", 3, {"router.output.bias", "[2, 2]", "[2, 3]"});
  refused_key("/layers", Json::array(), {"no mixed layers"});
  refused_key("/layers", {"encoder.block.0", "encoder.block.0"}, {"a second layer"});
  refused_key("/layers/0", "encoder.block.1", {"encoder.block.0", "no mixed layer"});
  refused_key("/tasks", {"choose", ""}, {"a task without a name"});
  refused_key("/tasks", {"choose"}, {"routes", "[1, 2, 2]"});
  refused_key("/vectors/dimension", 4, {"router.hidden.weight", "[2, 64, 4]"});
  refused_key("/vectors/method", 3, {"vectors", "method"});
  refused_key("/base", Json::object(), {"base", "fingerprint"});
  refused_key("/router", "transformer", {"size 3", "a multiple of 4"});
  refused_key("/router", "average", {"routes", "[1, 2, 2]"});
}

TEST_CASE("tensors that do not make a mixture are refused") {
  refused([](MixtureFiles& files) { files.routes = {0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.6F}; }, {"add up to 1.1"});
  refused([](MixtureFiles& files) { files.routes = {1.5, -0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5}; }, {"weight -0.5"});
  refused([](MixtureFiles& files) { files.more = {{"router.other", {2}}}; }, {"router.other", "does not have"});
  refused([](MixtureFiles& files) { files.scale = std::numeric_limits<double>::infinity(); }, {"NaN or infinite"});
  const ScratchDirectory scratch;
  MixtureFiles files;
  files.scale = std::numeric_limits<double>::infinity();
  files.write(scratch / "mixture", mixed_base());
  CHECK_NOTHROW(TaskMoeDirectory::open(scratch / "mixture", /*check_values=*/false));
}

TEST_CASE("a mixture on another base is refused") {
  const ScratchDirectory scratch;
  MixtureFiles().write(scratch / "mixture", mixed_base());
  const TaskMoeDirectory mixture = TaskMoeDirectory::open(scratch / "mixture");
  T5Config other = mixed_base();
  other.num_decoder_layers = 1;
  expect_bad_data([&] { mixture.check_base(other, ""); }, {"no such layer: decoder.block.1", "another base"});
  other = mixed_base();
  other.d_ff += 2;
  expect_bad_data([&] { mixture.check_base(other, ""); }, {"copies.safetensors", "wi"});
}

TEST_CASE("directories of other kinds are not mixtures") {
  const ScratchDirectory scratch;
  expect_bad_data([&] { TaskMoeDirectory::open(test::golden_path("t5_v1_1/model")); }, {"--model"});
  expect_bad_data([&] { TaskMoeDirectory::open(scratch / "none"); }, {"no such directory"});
  make_directories(scratch / "adapter");
  write_manifest(scratch / "adapter", {kModularKind, Json::object()}, {});
  expect_bad_data([&] { TaskMoeDirectory::open(scratch / "adapter"); }, {"kind modular-adapter", "--modular"});
}

TEST_CASE("vectors of new tasks join those of the training, by the same recipe only") {
  const ScratchDirectory scratch;
  TaskMoeManifest manifest = MixtureFiles().manifest;
  manifest.vector_method = kTextVectors;
  test::write_vectors(scratch / "vectors", {"read", "write", "sing"}, {1, 2, 3, 4, 5, 6, 7, 8, 9},
                      manifest.base_fingerprint);
  manifest.vector_settings = vector_settings_of(scratch / "vectors");
  const AddedTasks added = added_tasks(manifest, scratch / "vectors");
  CHECK(added.names == std::vector<std::string>{"read", "sing"});
  CHECK(added.vectors == std::vector<float>{1, 2, 3, 7, 8, 9});
  CHECK(vectors_for(scratch / "vectors", {"sing", "read"}, manifest.base_fingerprint) ==
        std::vector<float>{7, 8, 9, 1, 2, 3});
  expect_bad_data([&] { vectors_for(scratch / "vectors", {"sings"}, manifest.base_fingerprint); },
                  {"no vector for the task \"sings\"", "did you mean sing?"});
  expect_bad_data([&] { vectors_for(scratch / "vectors", {"sing"}, "other"); }, {"0123456789abcdef", "other"});

  const auto refuse_added = [&](const auto& change, const std::vector<std::string>& words) {
    TaskMoeManifest other = manifest;
    change(other);
    expect_bad_data([&] { added_tasks(other, scratch / "vectors"); }, words);
  };
  refuse_added([](auto& m) { m.vector_method = kFisherVectors; }, {"method text", "fisher"});
  refuse_added([](auto& m) { m.vector_method = kLearnedVectors; }, {"method text", "learned"});
  refuse_added([](auto& m) { m.shape.dimension = 4; }, {"size 3", "4"});
  refuse_added([](auto& m) { m.vector_settings["max_input"] = 64; }, {"128", "64"});
  refuse_added([](auto& m) { m.base_fingerprint = "other"; }, {"0123456789abcdef", "other"});
  refuse_added([](auto& m) { m.shape.router = TaskRouterKind::average; }, {"router is average"});
}

}  // namespace phatgoose
