#include "phatgoose/bench/workloads.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <numeric>

#include "phatgoose/adapters/modular_parameters.h"
#include "phatgoose/base/random.h"
#include "phatgoose/jobs/adapter_job.h"
#include "phatgoose/jobs/modular_loss.h"
#include "phatgoose/train/sequence_loss.h"

namespace phatgoose {
namespace {

TokenIds random_ids(RandomStream& random, std::int64_t length, std::int64_t vocab_size) {
  TokenIds ids(static_cast<std::size_t>(length));
  for (TokenId& id : ids) id = static_cast<TokenId>(random.below(static_cast<std::uint64_t>(vocab_size)));
  return ids;
}

std::unique_ptr<AdapterSet> attached_expert(T5Model& model, TrainingStep::What what, std::int64_t rank,
                                            std::uint64_t seed) {
  auto expert = std::make_unique<ExpertParameters>(
      ExpertParameters::initial(linear_groups(model.config()), rank, seed, model.device()));
  if (what == TrainingStep::What::lora) {
    expert->set_trainable(/*lora=*/true, /*gates=*/false);
    expert->attach(model);
  } else {
    expert->reset_gates();
    expert->set_trainable(/*lora=*/false, /*gates=*/true);
    expert->attach_gated(model);
  }
  return expert;
}

std::unique_ptr<AdapterSet> attached_modular(T5Model& model, const ModularShape& shape, std::int64_t tasks,
                                             std::uint64_t seed) {
  auto adapters = std::make_unique<ModularParameters>(ModularParameters::initial(
      linear_groups(model.config()), shape, tasks, ModularInit::identity, seed, model.device()));
  adapters->set_trainable(/*adapters=*/true, /*routing=*/true);
  adapters->attach(model);
  return adapters;
}

}  // namespace

std::vector<std::int64_t> spread_lengths(std::int64_t shortest, std::int64_t longest, std::int64_t count) {
  std::vector<std::int64_t> lengths;
  for (std::int64_t i = 0; i < count; ++i) {
    lengths.push_back(count == 1 ? longest : shortest + (longest - shortest) * i / (count - 1));
  }
  return lengths;
}

std::vector<Example> random_examples(const RowLengths& lengths, std::int64_t vocab_size, std::uint64_t seed) {
  RandomStream random(seed);
  std::vector<Example> examples;
  for (std::size_t i = 0; i < lengths.inputs.size(); ++i) {
    TokenIds input = random_ids(random, lengths.inputs[i], vocab_size);
    examples.push_back({std::move(input), random_ids(random, lengths.targets[i], vocab_size)});
  }
  return examples;
}

std::vector<Question> random_questions(const RowLengths& lengths, std::int64_t vocab_size, std::uint64_t seed) {
  RandomStream random(seed);
  std::vector<Question> questions;
  auto target = lengths.targets.begin();
  for (const std::int64_t length : lengths.inputs) {
    Question question{random_ids(random, length, vocab_size), {}};
    for (std::int64_t choice = 0; choice < lengths.targets_per_input; ++choice) {
      question.choices.push_back(random_ids(random, *target++, vocab_size));
    }
    questions.push_back(std::move(question));
  }
  return questions;
}

void spread_over_tasks(std::vector<Example>& examples, std::int64_t tasks) {
  for (std::size_t i = 0; i < examples.size(); ++i) examples[i].task = static_cast<std::int64_t>(i) % tasks;
}

void run_forward(const T5Model& model, std::span<const Example> examples) {
  const at::NoGradGuard no_grad;
  std::vector<TokenIds> inputs, targets;
  std::vector<std::int64_t> source_rows, tasks;
  for (const Example& example : examples) {
    source_rows.push_back(static_cast<std::int64_t>(inputs.size()));
    inputs.push_back(example.input);
    targets.push_back(example.target);
    tasks.push_back(example.task);
  }
  const auto start = static_cast<TokenId>(model.config().decoder_start_token_id);
  PackedIds packed = pack_ids(inputs, model.device());
  packed.rows.tasks = at::tensor(tasks, at::kLong);  // [rows]
  const EncodedRows encoded = model.encode(packed);
  const at::Tensor logits =
      model.logits(model.decode(pack_decoder_inputs(targets, start, model.device()), encoded, source_rows));
  logits[0][0].item();  // waits for an accelerator
}

TrainingStep::TrainingStep(T5Model& model, What what, std::int64_t rank, std::uint64_t seed)
    : model_(model),
      adapters_(attached_expert(model, what, rank, seed)),
      objective_(std::make_unique<SequenceLoss>(model)),
      optimizer_(trained_parameters(*adapters_), {}) {}

TrainingStep::TrainingStep(T5Model& model, const ModularShape& shape, std::int64_t tasks, std::uint64_t seed)
    : model_(model),
      adapters_(attached_modular(model, shape, tasks, seed)),
      objective_(std::make_unique<ModularLoss>(std::make_unique<SequenceLoss>(model),
                                               static_cast<const ModularParameters&>(*adapters_), /*noise=*/false,
                                               seed)),
      optimizer_(trained_parameters(*adapters_), {}) {}

TrainingStep::~TrainingStep() { model_.remove_adapters(); }

void TrainingStep::run(const std::vector<Example>& examples) {
  std::vector<std::int64_t> rows(examples.size());
  std::iota(rows.begin(), rows.end(), 0);
  optimizer_.zero_gradients();
  objective_->begin_step(optimizer_.updates());
  (objective_->sum(examples, rows) / objective_->divisor(examples)).backward();
  objective_->end_step();
  optimizer_.clip_gradients(1.0);
  optimizer_.update(5e-3);
}

}  // namespace phatgoose
