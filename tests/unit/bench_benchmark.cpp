#include "phatgoose/bench/benchmark.h"

#include <catch2/catch.hpp>
#include <map>

#include "phatgoose/adapters/modular_adapter.h"
#include "phatgoose/bench/flops.h"
#include "phatgoose/bench/modular.h"
#include "phatgoose/bench/workloads.h"
#include "support/fails_with.h"
#include "support/scratch_directory.h"
#include "support/tiny_t5.h"

namespace phatgoose {
namespace {

/// Three rows on a tiny base, which is written to the directory, each work done once.
BenchSettings tiny_bench(const fs::path& directory, std::int64_t input_length, std::int64_t target_length) {
  make_directories(directory / "base");
  test::tiny_model().save(directory / "base", at::kFloat);
  BenchSettings settings;
  settings.model = directory / "base";
  settings.rows = 3;
  settings.input_length = input_length;
  settings.target_length = target_length;
  settings.repeats = 1;
  return settings;
}

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
  BenchSettings settings = tiny_bench(directory.path(), 20, 5);
  for (const std::string& work : bench_work_names()) {
    const bool other = work == "cold_start" || work == "routed_experts" || work == "routed_256";
    const bool compares = work.starts_with("modular_") || work.starts_with("task_moe_");
    if (!other && !compares) settings.work.push_back(work);
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

TEST_CASE("modular adapters are measured beside LoRA, on rows of one task and of several") {
  const test::ScratchDirectory directory;
  BenchSettings settings = tiny_bench(directory.path(), 6, 2);
  settings.rank = 2;
  settings.work = {"modular_step", "modular_forward"};
  std::map<std::string, Json> lines;
  run_benchmark(settings, at::kCPU, at::kFloat, "/bin/true", [&](const Json& line) { lines[line.at("work")] = line; });
  CHECK(lines.size() == 1 + 2 * 2 * 2 * modular_method_names().size());
  for (const std::string& method : modular_method_names()) {
    for (const char* tasks : {"", "_3_tasks"}) {
      CHECK(lines.at("modular_step_" + method + tasks).at("value").get<double>() > 0);
      CHECK(lines.at("modular_step_" + method + tasks).at("unit") == "x LoRA step");
      CHECK(lines.at("modular_step_" + method + tasks + "_memory").at("value").get<double>() > 0.5);
      CHECK(lines.at("modular_forward_" + method + tasks + "_memory").at("unit") == "x LoRA forward");
      CHECK(lines.at("modular_forward_" + method + tasks).at("share_of_gemm_peak").get<double>() > 0);
      CHECK(lines.at("modular_forward_" + method + tasks).at("unit") == "x LoRA forward");
    }
  }
}

TEST_CASE("several copies of layers are measured beside one, their routes one-hot or not") {
  const test::ScratchDirectory directory;
  BenchSettings settings = tiny_bench(directory.path(), 6, 2);
  settings.work = {"task_moe_step", "task_moe_forward", "task_moe_sizes"};
  std::map<std::string, Json> lines;
  run_benchmark(settings, at::kCPU, at::kFloat, "/bin/true", [&](const Json& line) { lines[line.at("work")] = line; });
  CHECK(lines.at("task_moe_step_3_copies").at("unit") == "x one-copy step");
  CHECK(lines.at("task_moe_step_3_copies").at("value").get<double>() > 0);
  for (const char* routes : {"dense", "one_hot"}) {
    CHECK(lines.at(std::string("task_moe_forward_3_copies_") + routes).at("value").get<double>() > 0);
  }
  CHECK(lines.at("task_moe_step_3_copies_memory").at("value").get<double>() > 1.5);  // activations of all copies
  const double dense = lines.at("task_moe_forward_3_copies_dense_memory").at("value");
  CHECK(dense > lines.at("task_moe_forward_3_copies_one_hot_memory").at("value").get<double>());
  const double one = lines.at("task_moe_sizes_1_copy").at("value");
  CHECK(lines.at("task_moe_sizes_3_copies").at("value") == 3 * one);
  CHECK(lines.at("task_moe_sizes_3_copies_memory").at("value") == 3 * one * 16);
}

TEST_CASE("the sizes of adapters of T5-XL are those of the papers, and need no model") {
  BenchSettings settings;
  settings.model = "t5-v1.1-xl";
  settings.work = {"modular_sizes"};
  std::map<std::string, double> sizes;
  run_benchmark(settings, at::kCPU, at::kFloat, "/bin/true",
                [&](const Json& line) { sizes[line.at("work")] = line.at("value"); });
  CHECK(sizes == std::map<std::string, double>{{"modular_sizes_lora", 35'389'440},
                                               {"modular_sizes_tlora", 11'132'928},
                                               {"modular_sizes_poly", 17'694'720},
                                               {"modular_sizes_poly_routing", 3456},
                                               {"modular_sizes_mhr", 17'694'720},
                                               {"modular_sizes_mhr_routing", 221'184},
                                               {"modular_sizes_tensorpoly-1", 11'132'928},
                                               {"modular_sizes_tensorpoly-1_routing", 3456},
                                               {"modular_sizes_tensorpoly-2", 11'132'928},
                                               {"modular_sizes_tensorpoly-2_routing", 6912}});
}

TEST_CASE("splits of mhr are as many as all linears allow") {
  CHECK(bench_shape(ModularMethod::mhr, test::tiny_config(), 4).splits == 8);  // of sizes 32, 24 and 48
  CHECK(bench_shape(ModularMethod::mhr, test::tiny_config(), 4).rank == 1);
  CHECK(bench_shape(ModularMethod::tlora, test::tiny_config(), 4).rank == 4);
}

TEST_CASE("a step trains a modular adapter on the tasks that its rows have") {
  T5Model model = test::tiny_model();
  std::vector<Example> examples = random_examples({{5, 6, 7, 8}, {2, 2, 2, 2}}, 120, 3);
  spread_over_tasks(examples, 2);
  CHECK(examples[3].task == 1);
  {
    TrainingStep step(model, {.method = ModularMethod::poly, .rank = 1, .skills = 2, .splits = 1, .order = 1}, 3, 1);
    const auto* adapter = dynamic_cast<const ModularAdapter*>(model.groups().front()->adapter().get());
    REQUIRE(adapter != nullptr);
    step.run(examples);
    CHECK(adapter->built() == 2);  // once for each task that there are rows of
    step.run(examples);
    CHECK(adapter->built() == 4);
  }
  for (const auto& group : model.groups()) CHECK(group->adapter() == nullptr);
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
