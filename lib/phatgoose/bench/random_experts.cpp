#include "phatgoose/bench/random_experts.h"

#include "phatgoose/base/random.h"

namespace phatgoose {
namespace {

constexpr std::int64_t kDistinctFactors = 4;

std::vector<float> normal_numbers(RandomStream& random, std::int64_t count, double scale) {
  std::vector<float> numbers(static_cast<std::size_t>(count));
  for (float& number : numbers) number = static_cast<float>(scale * random.normal());
  return numbers;
}

void write_random_adapter(const fs::path& directory, const std::vector<LinearSpec>& linears, std::int64_t rank,
                          RandomStream& random) {
  std::vector<std::vector<float>> factors;
  std::vector<LoraTensors> loras;
  for (const LinearSpec& linear : linears) {
    const float* a = factors.emplace_back(normal_numbers(random, rank * linear.in, 0.01)).data();
    const float* b = factors.emplace_back(normal_numbers(random, linear.out * rank, 0.01)).data();
    loras.push_back({linear.path, linear.in, linear.out, rank, a, b});
  }
  write_adapter(directory, loras, 1.0, "random");
}

void write_random_gate(const fs::path& directory, const std::vector<LinearSpec>& linears, RandomStream& random) {
  std::vector<std::vector<float>> vectors;
  std::vector<GateTensor> gates;
  for (const LinearSpec& linear : linears) {
    const float* v = vectors.emplace_back(normal_numbers(random, linear.in, 1.0)).data();
    gates.push_back({linear.path, linear.in, v});
  }
  write_gate(directory, gates);
}

}  // namespace

std::vector<ExpertDirectory> make_random_experts(const fs::path& directory, const T5Config& config, std::int64_t count,
                                                 std::int64_t rank, std::uint64_t seed) {
  const std::vector<LinearSpec> linears = adapted_linears(config);
  std::vector<ExpertDirectory> experts;
  for (std::int64_t e = 0; e < count; ++e) {
    RandomStream random(seed, static_cast<std::uint64_t>(e));
    const fs::path path = directory / ("expert" + std::to_string(e));
    make_directories(path);
    if (e < kDistinctFactors) {
      write_random_adapter(path, linears, rank, random);
    } else {
      const fs::path source = directory / ("expert" + std::to_string(e % kDistinctFactors));
      for (const char* file : {"adapter_config.json", "adapter_model.safetensors"}) {
        fs::create_hard_link(source / file, path / file);
      }
    }
    write_random_gate(path, linears, random);
    experts.push_back(ExpertDirectory::open(path));
  }
  return experts;
}

}  // namespace phatgoose
