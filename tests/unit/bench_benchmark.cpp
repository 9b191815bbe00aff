#include "phatgoose/bench/benchmark.h"

#include <catch2/catch.hpp>
#include <map>

#include "phatgoose/bench/flops.h"
#include "phatgoose/bench/workloads.h"
#include "support/fails_with.h"
#include "support/scratch_directory.h"
#include "support/tiny_t5.h"

namespace phatgoose {
namespace {

TEST_CASE("floating-point operations of a forward pass agree with a count by hand") {
  T5Config config;  // the small v1.1 shape
  const RowLengths rows{std::vector<std::int64_t>(8, 256), std::vector<std::int64_t>(8, 32)};
  const double inner = 384, d = 512, f = 1024, source = 8 * 256, target = 8 * 32;
  const double encoder = 8 * (4 * d * inner + 3 * d * f), cross_keys_values = 8 * 2 * d * inner;
  const double decoder = 8 * (6 * d * inner + 3 * d * f);
  const double attention = 8 * 4 * inner * (8 * 256 * 256 + 8 * 32 * (32 + 256));
  const double expected = 2 * source * (encoder + cross_keys_values) + 2 * target * (decoder + 32128 * d) + attention;
  CHECK(forward_flops(config, rows) == Approx(expected).epsilon(1e-12));
  const double r = 16;
  const double lora =
      8 * r *
      (source * (4 * (d + inner) + 3 * (d + f)) + source * 2 * (d + inner) + target * (6 * (d + inner) + 3 * (d + f)));
  CHECK(lora_flops(config, rows, 16) == Approx(2 * lora).epsilon(1e-12));
  CHECK(training_flops(config, rows, 16) == Approx(2 * expected + attention + 6 * lora).epsilon(1e-12));
  CHECK(routing_flops(config, rows, 16, 8, 2) > 4 * lora);
}

TEST_CASE("choices count their shared input once") {
  T5Config config;
  const RowLengths shared{{100}, {8, 8, 8}, 3};
  const RowLengths single{{100}, {8}}, more{{100}, {24}};
  CHECK(forward_flops(config, shared) < 3 * forward_flops(config, single));
  CHECK(forward_flops(config, shared) == Approx(forward_flops(config, more)).epsilon(1e-3));
}

TEST_CASE("mixed lengths are spread evenly") {
  CHECK(spread_lengths(16, 256, 4) == std::vector<std::int64_t>{16, 96, 176, 256});
  CHECK(spread_lengths(2, 9, 1) == std::vector<std::int64_t>{9});
}

TEST_CASE("every kind of work is measured on a model directory") {
  const test::ScratchDirectory directory;
  make_directories(directory / "base");
  test::tiny_model().save(directory / "base", at::kFloat);
  BenchSettings settings;
  settings.model = directory / "base";
  settings.rows = 3;
  settings.input_length = 20;
  settings.target_length = 5;
  settings.repeats = 1;
  for (const std::string& work : bench_work_names()) {
    if (work != "cold_start" && work != "routed_experts" && work != "routed_256") settings.work.push_back(work);
  }
  std::map<std::string, Json> lines;
  run_benchmark(settings, at::kCPU, at::kFloat, "/bin/true", [&](const Json& line) { lines[line.at("work")] = line; });
  CHECK(lines.size() == settings.work.size() + 1);
  CHECK(lines.contains("gemm_peak"));
  for (const auto& [work, line] : lines) {
    CAPTURE(work);
    CHECK(line.at("value").get<double>() > 0);
    CHECK(line.at("unit").is_string());
    if (work == "first_forward") {
      CHECK(line.at("share_of_gemm_peak").is_null());
    } else {
      CHECK(line.at("share_of_gemm_peak").get<double>() > 0);
      CHECK(line.at("share_of_gemm_peak").get<double>() < 1.5);
    }
  }
}

TEST_CASE("a cold start runs the program that it is given") {
  BenchSettings settings;
  settings.model = "t5-v1.1-small";
  settings.repeats = 1;
  settings.work = {"cold_start"};
  double seconds = 0;
  run_benchmark(settings, at::kCPU, at::kFloat, "/bin/true", [&](const Json& line) { seconds = line.at("value"); });
  CHECK(seconds > 0);
  CHECK_THROWS_MATCHES(run_benchmark(settings, at::kCPU, at::kFloat, "/bin/false", [](const Json&) {}), Error,
                       test::FailsWith(ExitCode::cannot_finish, "/bin/false"));
  settings.work = {"routed_experts"};
  CHECK_THROWS_MATCHES(run_benchmark(settings, at::kCPU, at::kFloat, "/bin/true", [](const Json&) {}), Error,
                       test::FailsWith(ExitCode::usage, "--expert"));
}

}  // namespace
}  // namespace phatgoose
