#include "phatgoose/jobs/task_moe_job.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "phatgoose/base/error.h"
#include "phatgoose/base/log.h"
#include "phatgoose/base/nearest.h"
#include "phatgoose/base/random.h"
#include "phatgoose/jobs/adapter_job.h"
#include "phatgoose/jobs/task_moe_loss.h"
#include "phatgoose/jobs/validation.h"
#include "phatgoose/nn/device.h"
#include "phatgoose/nn/tensor_bridge.h"
#include "phatgoose/settings/run_record.h"
#include "phatgoose/settings/task_files.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/task_vectors_directory.h"
#include "phatgoose/task_moe/task_moe_files.h"

namespace phatgoose {
namespace {

/// The mixture to be, besides what every training has.
struct TaskMoePlan {
  TaskMoeManifest manifest;  ///< tasks and temperature are left to the run
  TemperatureSchedule temperature;
  double noise, smoothing;
  double router_rate = 0, vector_rate = 0;             ///< learning rates; 0: not trained
  std::optional<fs::path> vectors = {};                ///< directory of the vectors
  std::shared_ptr<const TaskMoeDirectory> first = {};  ///< of the second stage: the mixture of the first
};

/// N(0, 1), a function of the seed and of the task's name.
at::Tensor random_vectors(const std::vector<std::string>& tasks, std::int64_t dimension, std::uint64_t seed) {
  at::Tensor vectors = at::empty({std::ssize(tasks), dimension}, at::kFloat);
  float* value = vectors.mutable_data_ptr<float>();
  for (const std::string& task : tasks) {
    RandomStream stream(seed, stream_number("vector " + task));
    for (std::int64_t i = 0; i < dimension; ++i) *value++ = static_cast<float>(stream.normal());
  }
  return vectors;  // [tasks, d]
}

/// The rows of the first stage's vectors, by name.
at::Tensor vectors_of_first(const TaskMoeDirectory& first, const std::vector<std::string>& tasks) {
  const at::Tensor all = to_tensor(first.vectors(), at::kCPU, at::kFloat);  // [tasks, d]
  std::vector<std::int64_t> rows;
  for (const std::string& task : tasks) {
    const auto number = first.task_number(task);
    if (!number) {
      refuse(first.path(), "no route for the task \"" + task + "\"", "one for every task of --data",
             did_you_mean(task, first.manifest().tasks));
    }
    rows.push_back(*number);
  }
  return all.index_select(0, at::tensor(rows, at::kLong));
}

class TaskMoeJob : public TrainingJob {
 public:
  TaskMoeJob(AdapterPlan plan, TaskMoePlan mixture) : plan_(std::move(plan)), mixture_(std::move(mixture)) {}

 private:
  const TrainingPlan& training() const override { return plan_.training; }
  TrainingOutcome make() override;

  TrainingRoutes first_routes(const std::vector<std::string>& tasks) const;
  at::Tensor first_vectors(const std::vector<std::string>& tasks) const;  // [tasks, d]
  std::vector<Parameter> parameters(const LayerCopies& copies, const TrainingRoutes& routes) const;
  void write(const LayerCopies& copies, const TrainingRoutes& routes, const BestCheckpoint& best,
             const Json& rows) const;

  AdapterPlan plan_;
  TaskMoePlan mixture_;
};

at::Tensor TaskMoeJob::first_vectors(const std::vector<std::string>& tasks) const {
  if (mixture_.first) return vectors_of_first(*mixture_.first, tasks);
  const std::int64_t dimension = mixture_.manifest.shape.dimension;
  if (!mixture_.vectors) return random_vectors(tasks, dimension, plan_.training.seed);
  return at::tensor(vectors_for(*mixture_.vectors, tasks, plan_.fingerprint)).view({std::ssize(tasks), dimension});
}

TrainingRoutes TaskMoeJob::first_routes(const std::vector<std::string>& tasks) const {
  const TaskMoeManifest& manifest = mixture_.manifest;
  RoutingPlan plan{.shape = manifest.shape,
                   .selection = manifest.selection,
                   .temperature = mixture_.temperature,
                   .seed = plan_.training.seed,
                   .tasks = tasks};
  if (!is_learned(manifest.shape.router)) return {std::move(plan), std::nullopt, {}, plan_.device};
  TaskRouter router = mixture_.first ? TaskRouter::load(*mixture_.first, plan_.device)
                                     : TaskRouter::initial(manifest.shape, plan_.training.seed,
                                                           at::TensorOptions(plan_.device).dtype(at::kFloat));
  return {std::move(plan), std::move(router), first_vectors(tasks).to(plan_.device), plan_.device};
}

std::vector<Parameter> TaskMoeJob::parameters(const LayerCopies& copies, const TrainingRoutes& routes) const {
  const double peak = plan_.training.trainer.schedule.peak;
  std::vector<Parameter> parameters;
  for (const NamedParameter& copied : copies.make_trainable()) {
    parameters.push_back({copied.name, copied.tensor, copied.first_row, copied.rows});
  }
  const auto add = [&](const std::string& name, const at::Tensor& tensor, double rate) {
    tensor.set_requires_grad(true);
    parameters.push_back({.name = name, .leaf = tensor, .lr_scale = rate / peak, .decays = !name.ends_with(".bias")});
  };
  if (mixture_.router_rate > 0) {
    for (const auto& [name, tensor] : routes.router()->tensors()) add("router." + name, tensor, mixture_.router_rate);
  }
  if (mixture_.vector_rate > 0) add("vectors", routes.vectors(), mixture_.vector_rate);
  return parameters;
}

TrainingOutcome TaskMoeJob::make() {
  const TrainingData data = read_training_data(plan_.data, plan_.base, plan_.config, plan_.rows);
  const auto routes = std::make_shared<TrainingRoutes>(first_routes(data.tasks));
  T5Model model = T5Model::load(plan_.base, plan_.device, at::kFloat);
  const LayerCopies copies = LayerCopies::initial(model, mixture_.manifest.shape, mixture_.noise, plan_.training.seed);
  copies.put_on(model, routes);
  const TaskMoeLoss objective(model, *routes, mixture_.smoothing);
  const SequenceLoss plain(model);
  const std::unique_ptr<Optimizer> optimizer = make_optimizer(plan_.training, parameters(copies, *routes));
  EpochSource source = training_source(data, plan_.data, plan_.training.batch, plan_.training.seed);
  const TrainerSettings& how = plan_.training.trainer;
  Validator validate = make_validator(model, plain, data, how.pass_tokens);
  if (validate) {
    validate = [&routes, &optimizer, inner = std::move(validate)] {
      routes->after_updates(optimizer->updates());
      return inner();
    };
  }
  Trainer trainer(objective, *optimizer, source, std::move(validate), how, plan_.training.run);
  begin_run(plan_.training.run, plan_.training.record, {{"rows", data.rows_json()}});
  const TrainingOutcome outcome = trainer.run();
  if (outcome == TrainingOutcome::finished) write(copies, *routes, trainer.best(), data.rows_json());
  return outcome;
}

void TaskMoeJob::write(const LayerCopies& copies, const TrainingRoutes& routes, const BestCheckpoint& best,
                       const Json& rows) const {
  const std::int64_t updates = best.step().value_or(plan_.training.trainer.schedule.steps);
  TaskMoeManifest manifest = mixture_.manifest;
  manifest.tasks = routes.plan().tasks;
  manifest.temperature = routes.temperature(updates);
  Json body = to_json(manifest);
  body.update({{"base", {{"path", plan_.base}, {"fingerprint", plan_.fingerprint}}},
               {"best", best.to_json()},
               {"training", plan_.training.record},
               {"rows", rows}});
  const std::vector<std::string> files = save_task_moe(plan_.training.out, copies, routes, updates);
  write_manifest(plan_.training.out, {.kind = kTaskMoeKind, .body = body}, files);
}

/// The mixture of the first stage, which must be of this base, and have a router and these layers and copies.
std::shared_ptr<const TaskMoeDirectory> open_first(const TrainTaskMoeSettings& settings, const AdapterPlan& plan) {
  if (!settings.route_from) return nullptr;
  auto first = std::make_shared<TaskMoeDirectory>(TaskMoeDirectory::open(*settings.route_from));
  first->check_base(plan.config, plan.fingerprint);
  const TaskMoeShape& shape = first->manifest().shape;
  if (!is_learned(shape.router)) {
    refuse_usage("--route-from",
                 fmt::format("{}, whose router {} learns nothing", *settings.route_from, name_of(shape.router)),
                 "a mixture with a learned router");
  }
  if (settings.copies && *settings.copies != shape.copies) {
    refuse_usage("--copies", fmt::format("{}, for a router of {} copies", *settings.copies, shape.copies),
                 "as many as --route-from has");
  }
  if (!settings.layers.empty() && mixed_layers(settings.layers, plan.config) != shape.layers) {
    refuse_usage("--mixed-layers",
                 fmt::format("{} layers, not the {} of the router", settings.layers.size(), shape.layers.size()),
                 "the layers of --route-from", "leave it out");
  }
  return first;
}

TaskMoePlan mixture_of(const TrainTaskMoeSettings& settings, const AdapterPlan& plan,
                       std::shared_ptr<const TaskMoeDirectory> first) {
  TaskMoePlan mixture{.manifest = {.name = settings.name, .shape = {}},
                      .temperature = {},
                      .noise = settings.init_noise,
                      .smoothing = settings.label_smoothing,
                      .router_rate = settings.router_lr.value_or(0),
                      .vector_rate = settings.vector_lr.value_or(0),
                      .first = std::move(first)};
  TaskMoeManifest& manifest = mixture.manifest;
  if (manifest.name.empty()) manifest.name = full_path(settings.out).filename().string();
  manifest.shape = {
      .layers = mixture.first ? mixture.first->manifest().shape.layers : mixed_layers(settings.layers, plan.config),
      .copies = *settings.copies,
      .router = settings.router_kind(),
      .dimension = settings.vector_size.value_or(0)};
  if (!is_learned(manifest.shape.router)) return mixture;
  manifest.selection = *route_selection_named(*settings.selection);
  mixture.temperature = {*settings.temperature, *settings.temperature_rate, *settings.temperature_floor};
  manifest.vector_method = kLearnedVectors;
  if (mixture.first) {
    const TaskMoeManifest& had = mixture.first->manifest();
    manifest.shape.dimension = had.shape.dimension;
    manifest.vector_method = had.vector_method;
    manifest.vector_settings = had.vector_settings;
  } else if (settings.vectors) {
    const TaskVectors vectors = read_task_vectors(*settings.vectors);
    mixture.vectors = *settings.vectors;
    manifest.shape.dimension = vectors.dimension;
    manifest.vector_method = vectors.method;
    manifest.vector_settings = vector_settings_of(*settings.vectors);
  }
  return mixture;
}

AdapterPlan plan_of(TrainTaskMoeSettings& settings, at::Device device) {
  FileTasks tasks{.of_data = take_tasks(settings.data.data, "--data"),
                  .of_valid = take_tasks(settings.data.valid, "--valid"),
                  .by_template = settings.tasks == "templates"};
  settings.check();
  AdapterPlan plan = adapter_plan(settings, settings.out, device, at::kFloat);
  plan.training.kind = kTaskMoeKind;
  plan.contents["data"] = {tasks.of_data, plan.contents["data"]};
  plan.contents["valid"] = {tasks.of_valid, plan.contents["valid"]};
  plan.rows.tasks = std::move(tasks);
  return plan;
}

/// The record names what the settings were resolved to, and the files by what they hold.
void complete(AdapterPlan& plan, TrainTaskMoeSettings& settings, const TaskMoePlan& mixture) {
  settings.layers = mixture.manifest.shape.layers;
  if (mixture.vectors) plan.contents["vectors"] = content_hash_of_file(*mixture.vectors / "vectors.safetensors");
  if (mixture.first) plan.contents["route-from"] = mixture.first->hashes();
  plan.training.record = run_record(settings.declare(), plan.contents);
}

}  // namespace

std::vector<std::string> mixed_layers(const std::vector<std::string>& modules, const T5Config& config) {
  const std::vector<std::string> all = layer_paths(config);
  if (modules.empty()) return all;
  std::vector<std::string> known = all;
  known.insert(known.end(), {"encoder", "decoder"});
  for (const std::string& module : modules) {
    if (std::ranges::find(known, module) != known.end()) continue;
    refuse_usage("--mixed-layers", "\"" + module + "\"",
                 "encoder, decoder, or layers from " + all.front() + " to " + all.back(), did_you_mean(module, known));
  }
  std::vector<std::string> layers;
  std::ranges::copy_if(all, std::back_inserter(layers), [&](const std::string& layer) {
    return std::ranges::any_of(
        modules, [&](const std::string& module) { return layer == module || layer.starts_with(module + "."); });
  });
  return layers;
}

std::int64_t training_memory(const TaskMoeShape& shape, const T5Config& config, bool validates) {
  const std::int64_t numbers = validates ? 5 : 4;  // weight, gradient, two moments, and the best state
  return copied_parameters(shape, config) * numbers * static_cast<std::int64_t>(sizeof(float));
}

void check_memory(const TaskMoeShape& shape, std::int64_t needed, std::int64_t available) {
  constexpr double kGibibyte = 1 << 30;
  const auto gibibytes = [&](std::int64_t bytes) {
    return fmt::format("{:.1f} GiB", static_cast<double>(bytes) / kGibibyte);
  };
  if (needed <= available) return;
  fail(ExitCode::cannot_finish,
       {.where = "train-task-moe",
        .found = fmt::format("{} copies of {} layers, which with gradients and moments take {}", shape.copies,
                             shape.layers.size(), gibibytes(needed)),
        .expected = fmt::format("at most the {} of memory that are available", gibibytes(available)),
        .hint = "fewer --copies, or fewer --mixed-layers such as decoder"});
}

TrainingOutcome train_task_moe(TrainTaskMoeSettings settings, at::Device device) {
  AdapterPlan plan = plan_of(settings, device);
  std::shared_ptr<const TaskMoeDirectory> first = open_first(settings, plan);
  settings.resolve(first ? &first->manifest().shape : nullptr);
  TaskMoePlan mixture = mixture_of(settings, plan, std::move(first));
  const TaskMoeShape& shape = mixture.manifest.shape;
  in("--router " + *settings.router, [&] { shape.check(); });
  if (shape.copies > most_copies(plan.config)) {
    refuse_usage("--copies", std::to_string(shape.copies), "at most " + std::to_string(most_copies(plan.config)));
  }
  complete(plan, settings, mixture);
  const std::int64_t needed = training_memory(shape, plan.config, !settings.data.valid.empty());
  if (const auto available = available_memory_of(device)) check_memory(shape, needed, *available);
  return TaskMoeJob(std::move(plan), std::move(mixture)).run();
}

}  // namespace phatgoose
