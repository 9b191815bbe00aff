// Similarity of experts, by hand.
#include "phatgoose/report/similarity.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "phatgoose/report/inspection.h"
#include "phatgoose/store/float_values.h"
#include "phatgoose/store/routed_model_builder.h"
#include "support/fails_with.h"
#include "support/golden.h"
#include "support/scratch_directory.h"

namespace phatgoose {
namespace {

using test::FailsWith;
using test::golden_path;
using test::ScratchDirectory;

/// One linear of an expert: A [R, 3], B [2, R] and a gate [3], row by row.
struct Linear {
  std::string path;
  std::vector<float> a, b, gate;
};

ExpertDirectory write_expert(const fs::path& directory, const std::vector<Linear>& linears, bool gates = true) {
  std::vector<LoraTensors> loras;
  std::vector<GateTensor> vectors;
  for (const Linear& linear : linears) {
    const auto rank = static_cast<std::int64_t>(linear.a.size() / 3);
    loras.push_back({linear.path, 3, 2, rank, linear.a.data(), linear.b.data()});
    vectors.push_back({linear.path, 3, linear.gate.data()});
  }
  write_adapter(directory, loras, 1.0, "base");
  if (gates) write_gate(directory, vectors);
  return ExpertDirectory::open(directory);
}

/// Every product as a dense matrix in fp64: the slow judge.
std::vector<double> dense_product(const LoraEntry& lora) {
  const std::vector<float> a = float_values(lora.a), b = float_values(lora.b);
  const auto in = static_cast<std::size_t>(lora.a.shape[1]), out = static_cast<std::size_t>(lora.b.shape[0]),
             rank = static_cast<std::size_t>(lora.rank);
  std::vector<double> product(in * out);
  for (std::size_t o = 0; o < out; ++o) {
    for (std::size_t r = 0; r < rank; ++r) {
      for (std::size_t i = 0; i < in; ++i) product[o * in + i] += static_cast<double>(b[o * rank + r]) * a[r * in + i];
    }
  }
  return product;
}

double cosine(const std::vector<double>& x, const std::vector<double>& y) {
  double xy = 0, xx = 0, yy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) xy += x[i] * y[i], xx += x[i] * x[i], yy += y[i] * y[i];
  return xy / std::sqrt(xx * yy);
}

std::vector<double> without_mean(const TensorView& view) {
  const std::vector<float> values = float_values(view);
  double mean = 0;
  for (const float value : values) mean += value / static_cast<double>(values.size());
  std::vector<double> result;
  for (const float value : values) result.push_back(value - mean);
  return result;
}

}  // namespace

TEST_CASE("similarities worked out by hand") {
  const ScratchDirectory scratch;
  // At m.q: products [1 2 3; 0 0 0] and [0 0 0; 1 2 3] are orthogonal. At m.k: [1 0 0; 1 0 0] twice, of ranks 1 and 2.
  // Gates at m.q: centred (-1, 0, 1) and (1, 0, -1), cosine -1; at m.k: (-1, 0, 1) and (-1, 1, 0), cosine 1/2.
  const std::vector<ExpertDirectory> experts = {
      write_expert(scratch / "first", {{"m.q", {1, 2, 3}, {1, 0}, {1, 2, 3}}, {"m.k", {1, 0, 0}, {1, 1}, {0, 1, 2}}}),
      write_expert(scratch / "second", {{"m.q", {1, 2, 3, 0, 0, 0}, {0, 0, 1, 0}, {9, 8, 7}},
                                        {"m.k", {1, 0, 0, 2, 0, 0}, {3, 1, 3, 1}, {10, 30, 20}}})};
  const Json found = expert_similarity(experts);
  CHECK(found.at("experts") == Json::array({"first", "second"}));
  CHECK(found.at("loras")[0][0] == 1.0);
  CHECK(found.at("loras")[1][1] == 1.0);
  CHECK(found.at("loras")[0][1].get<double>() == Approx(0.5).margin(1e-6));  // mean of 0 and 1
  CHECK(found.at("loras")[1][0] == found.at("loras")[0][1]);
  CHECK(found.at("gates")[0][1].get<double>() == Approx(-0.25).margin(1e-6));  // mean of -1 and 1/2
  CHECK(similarity_text(found) ==
        "gates    first  second\n"
        "----------------------\n"
        "first    1.000  -0.250\n"
        "second  -0.250   1.000\n"
        "\n"
        "LoRAs   first  second\n"
        "---------------------\n"
        "first   1.000   0.500\n"
        "second  0.500   1.000\n");
}

TEST_CASE("similarities do not depend on size, and sign matters") {
  const ScratchDirectory scratch;
  const std::vector<ExpertDirectory> experts = {
      write_expert(scratch / "large", {{"m.q", {1e30f, 2e30f, 3e30f}, {1e30f, 2e30f}, {1e-30f, 2e-30f, 4e-30f}}}),
      write_expert(scratch / "small", {{"m.q", {-1e-30f, -2e-30f, -3e-30f}, {1e-30f, 2e-30f}, {1e30f, 2e30f, 4e30f}}})};
  const Json found = expert_similarity(experts);
  CHECK(found.at("loras")[0][1].get<double>() == Approx(-1.0).margin(1e-6));
  CHECK(found.at("gates")[0][1].get<double>() == Approx(1.0).margin(1e-6));
}

TEST_CASE("linears without a direction, or in one expert only, do not count") {
  const ScratchDirectory scratch;
  const std::vector<ExpertDirectory> experts = {
      write_expert(scratch / "a", {{"m.q", {1, 2, 3}, {1, 0}, {1, 2, 3}}, {"m.k", {1, 2, 3}, {0, 0}, {5, 5, 5}}}),
      write_expert(scratch / "b", {{"m.q", {1, 2, 3}, {1, 0}, {1, 2, 3}}, {"m.k", {1, 2, 3}, {1, 1}, {1, 2, 3}}}),
      write_expert(scratch / "c", {{"m.v", {1, 2, 3}, {1, 0}, {1, 2, 3}}}),
      write_expert(scratch / "d", {{"m.q", {1, 2, 3}, {1, 0}, {}}}, /*gates=*/false)};
  const Json found = expert_similarity(experts);
  CHECK(found.at("loras")[0][1] == 1.0);  // m.k of a is zero
  CHECK(found.at("gates")[0][1] == 1.0);  // and its gate constant
  CHECK(found.at("loras")[0][2].is_null());
  CHECK(found.at("gates")[2][1].is_null());
  CHECK(found.at("loras")[0][3] == 1.0);
  CHECK(found.at("gates")[3][3].is_null());
  CHECK_THAT(similarity_text(found), Catch::Contains("d          -"));
}

TEST_CASE("similarities through the factors are those of the dense products") {
  std::vector<ExpertDirectory> experts;
  for (const char* name : {"wide", "attention", "feed_forward", "encoder", "narrow"}) {
    experts.push_back(ExpertDirectory::open(golden_path("experts") / name));
  }
  const Json found = expert_similarity(experts);
  for (std::size_t i = 0; i < experts.size(); ++i) {
    for (std::size_t j = i + 1; j < experts.size(); ++j) {
      double gates = 0, loras = 0;
      int linears = 0;
      for (const auto& [path, lora] : experts[i].loras()) {
        if (!experts[j].loras().contains(path)) continue;
        ++linears;
        loras += cosine(dense_product(lora), dense_product(experts[j].loras().at(path)));
        gates += cosine(without_mean(experts[i].gates().at(path)), without_mean(experts[j].gates().at(path)));
      }
      CAPTURE(i, j, linears);
      if (linears == 0) {
        CHECK(found.at("loras")[i][j].is_null());
        continue;
      }
      CHECK(found.at("loras")[i][j].get<double>() == Approx(loras / linears).margin(2e-6));
      CHECK(found.at("gates")[i][j].get<double>() == Approx(gates / linears).margin(2e-6));
    }
  }
  CHECK(found.at("loras")[1][2].is_null());  // attention and feed_forward have no linear in common
}

TEST_CASE("experts of one name are called by their paths, experts of different bases are refused") {
  const ScratchDirectory scratch;
  const Linear linear = {"m.q", {1, 2, 3}, {1, 0}, {1, 2, 3}};
  const std::vector<ExpertDirectory> experts = {write_expert(scratch / "x/adapter", {linear}),
                                                write_expert(scratch / "y/adapter", {linear})};
  CHECK(expert_similarity(experts).at("experts")[1] == (scratch / "y/adapter").string());

  const std::vector<float> numbers(8, 1.0f);
  write_adapter(scratch / "other", {{"m.q", 4, 2, 1, numbers.data(), numbers.data()}}, 1.0, "base");
  const std::vector<ExpertDirectory> mixed = {experts[0], ExpertDirectory::open(scratch / "other")};
  CHECK_THROWS_MATCHES(expert_similarity(mixed), Error,
                       FailsWith(ExitCode::bad_data, "other: m.q", "[2, 4]", "[2, 3]"));
}

TEST_CASE("inspect compares the experts of a routed model, or those that are given") {
  const ScratchDirectory scratch;
  const std::vector<fs::path> paths = {golden_path("experts/wide"), golden_path("experts/narrow")};
  build_routed_model({.model = golden_path("t5_v1_1/model"),
                      .experts = {paths.begin(), paths.end()},
                      .out = scratch / "routed",
                      .routing = {.enabled = {"wide"}}});
  const Json routed = inspect_directories({scratch / "routed"}, false, true);
  CHECK(routed.at("kind") == "routed-model");
  const Json several = inspect_directories(paths, false, true);
  CHECK(several.at("kind") == "directories");
  CHECK(several.at("directories")[1].at("name") == "narrow");
  CHECK(several.at("similarity") == routed.at("similarity"));
  CHECK(several.at("similarity").at("experts") == Json::array({"wide", "narrow"}));
  CHECK_FALSE(inspect_directories(paths, false, false).contains("similarity"));
  const std::string text = inspection_text(several);
  CHECK_THAT(text, Catch::Contains("name             wide\n") && Catch::Contains("name             narrow\n"));
  CHECK_THAT(text, Catch::Contains("\ngates ") && Catch::Contains("\nLoRAs "));

  const auto refused = [](const std::vector<fs::path>& directories, const std::string& says) {
    CHECK_THROWS_MATCHES(inspect_directories(directories, false, true), Error,
                         FailsWith(ExitCode::usage, "--similarity", says));
  };
  refused({golden_path("t5_v1_1/model")}, "of kind model");
  refused({paths[0]}, "of kind expert");
  refused({paths[0], golden_path("t5_v1_1/model")}, "not all experts");
}

}  // namespace phatgoose
