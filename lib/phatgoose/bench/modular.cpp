#include "phatgoose/bench/modular.h"

#include <numeric>

#include "phatgoose/adapters/modular_parameters.h"
#include "phatgoose/bench/attached_adapters.h"
#include "phatgoose/bench/workloads.h"
#include "phatgoose/settings/train_multitask.h"

namespace phatgoose {

ModularShape bench_shape(ModularMethod method, const T5Config& config, std::int64_t rank) {
  TrainMultitaskSettings settings;
  settings.method = name_of(method);
  if (has_leaves(method)) settings.rank = rank;
  settings.resolve();
  if (settings.splits) {
    for (const LinearSpec& linear : adapted_linears(config)) {
      settings.splits = std::gcd(*settings.splits, std::gcd(linear.in, linear.out));
    }
  }
  return settings.shape();
}

AdapterSizes sizes_of(const ModularShape& shape, const T5Config& config) {
  AdapterSizes sizes;
  for (const LinearSpec& linear : adapted_linears(config)) {
    sizes.parameters += count_of(shape.a_shape(linear.in)) + count_of(shape.b_shape(linear.out));
    sizes.routing += shape.logits();
  }
  return sizes;
}

std::int64_t lora_parameters(const T5Config& config, std::int64_t rank) {
  std::int64_t parameters = 0;
  for (const LinearSpec& linear : adapted_linears(config)) parameters += rank * (linear.in + linear.out);
  return parameters;
}

PairCost training_beside_lora(T5Model& model, const ModularShape& shape, std::int64_t rank,
                              const std::vector<Example>& examples, std::int64_t repeats, std::uint64_t seed) {
  TrainingStep lora(model, TrainingStep::What::lora, rank, seed);
  const AttachedAdapters lora_adapters(model);
  TrainingStep modular(model, shape, kBenchTasks, seed);
  const AttachedAdapters modular_adapters(model);
  const auto run = [&](const AttachedAdapters& adapters, TrainingStep& step) {
    adapters.put_back();
    step.run(examples);
  };
  return cost_of_pair(
      repeats, [&] { run(lora_adapters, lora); }, [&] { run(modular_adapters, modular); });
}

PairCost forward_beside_lora(T5Model& model, const ModularShape& shape, std::int64_t rank,
                             const std::vector<Example>& examples, std::int64_t repeats, std::uint64_t seed) {
  const std::vector<LinearGroupSpec> groups = linear_groups(model.config());
  const ExpertParameters lora = ExpertParameters::initial(groups, rank, seed, model.device());
  const ModularParameters modular =
      ModularParameters::initial(groups, shape, kBenchTasks, ModularInit::identity, seed, model.device());
  const auto run = [&](const AdapterSet& adapters) {
    adapters.attach(model);
    run_forward(model, examples);
  };
  const PairCost cost = cost_of_pair(
      repeats, [&] { run(lora); }, [&] { run(modular); });
  model.remove_adapters();
  return cost;
}

}  // namespace phatgoose
