#include "phatgoose/store/stored_embeddings.h"

#include <catch2/catch.hpp>
#include <limits>

#include "phatgoose/store/float_values.h"
#include "support/fails_with.h"
#include "support/scratch_directory.h"

namespace phatgoose {
namespace {

using test::FailsWith;
using test::ScratchDirectory;

void write_rows(const fs::path& path, const std::vector<float>& values, std::int64_t size) {
  const Shape shape = {static_cast<std::int64_t>(values.size()) / size, size};
  write_embeddings(path, {DType::f32, shape, std::as_bytes(std::span(values))}, "tiny", "0f1e", "{}");
}

TEST_CASE("embeddings are read as they were written") {
  const ScratchDirectory scratch;
  const std::vector<float> values = {0.6F, 0.8F, -1, 0, 0.6F, -0.80003F};  // the last off by less than is tolerated
  write_rows(scratch / "e.safetensors", values, 2);
  const StoredEmbeddings stored = read_embeddings(scratch / "e.safetensors");
  CHECK(stored.embeddings.shape == Shape{3, 2});
  CHECK(float_values(stored.embeddings) == values);
  CHECK(stored.encoder_name == "tiny");
  CHECK(stored.encoder_fingerprint == "0f1e");
}

TEST_CASE("embeddings whose rows have another length than 1 are refused with the row") {
  const ScratchDirectory scratch;
  const fs::path path = scratch / "e.safetensors";
  const auto refused = [&](const std::vector<float>& values, const char* found) {
    write_rows(path, values, 2);
    CHECK_THROWS_MATCHES(read_embeddings(path, "make it again"), Error,
                         FailsWith(ExitCode::bad_data, "e.safetensors", found, "rows of length 1", "make it again"));
  };
  refused({3, 4}, "row 0 of length 5");
  refused({1, 0, 0, 0}, "row 1 of length 0");
  refused({1, 0, 0, 1, 0.6F, -0.8003F}, "row 2 of length 1.00024");
  refused({1, 0, 0, 0.9995F}, "row 1 of length 0.9995");
}

TEST_CASE("embeddings that are no numbers, or no rows, are refused") {
  const ScratchDirectory scratch;
  const fs::path path = scratch / "e.safetensors";
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    write_rows(path, {1, 0, bad, 0}, 2);
    CHECK_THROWS_MATCHES(read_embeddings(path), Error, FailsWith(ExitCode::bad_data, "NaN or infinite"));
  }
  write_rows(path, {}, 2);
  CHECK_THROWS_MATCHES(read_embeddings(path), Error, FailsWith(ExitCode::bad_data, "[0, 2]", "F32 [examples, size]"));
}

}  // namespace
}  // namespace phatgoose
