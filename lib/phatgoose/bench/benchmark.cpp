#include "phatgoose/bench/benchmark.h"

#include <ATen/ATen.h>

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "phatgoose/base/error.h"
#include "phatgoose/bench/attached_adapters.h"
#include "phatgoose/bench/flops.h"
#include "phatgoose/bench/modular.h"
#include "phatgoose/bench/random_experts.h"
#include "phatgoose/bench/shapes.h"
#include "phatgoose/bench/task_moe.h"
#include "phatgoose/bench/timing.h"
#include "phatgoose/bench/workloads.h"
#include "phatgoose/jobs/task_moe_job.h"
#include "phatgoose/routing/routed_model.h"
#include "phatgoose/store/staged_directory.h"
#include "phatgoose/task_moe/layer_copies.h"

namespace phatgoose {
namespace {

constexpr std::int64_t kSingleInput = 32, kSingleTarget = 4;
constexpr std::int64_t kChoices = 4, kChoiceLength = 8;
constexpr std::int64_t kUsedExperts = 2;

T5Model make_model(const BenchSettings& settings, at::Device device, at::ScalarType dtype) {
  const std::optional<T5Config> shape = named_shape(settings.model);
  if (!shape) return T5Model::load(settings.model, device, dtype);
  return T5Model::random(*shape, true, static_cast<std::uint64_t>(settings.common.seed), device, dtype);
}

/// What begins the name of a directory that is never committed, and so removed with its object.
fs::path scratch_path() { return fs::temp_directory_path() / "phatgoose-bench"; }

/// Needs no speed of the machine.
bool is_quick(const std::string& work) { return work == "first_forward" || work.ends_with("_sizes"); }

class Benchmark {
 public:
  Benchmark(const BenchSettings& settings, at::Device device, at::ScalarType dtype, fs::path program,
            const std::function<void(const Json&)>& on_line)
      : settings_(settings), device_(device), dtype_(dtype), program_(std::move(program)), on_line_(on_line) {}

  void run() {
    const std::vector<std::string> works = settings_.work.empty() ? default_works() : settings_.work;
    if (settings_.experts.empty() && std::ranges::find(works, "routed_experts") != works.end()) {
      refuse_usage("--work routed_experts", "no --expert", "expert directories");
    }
    check_directories();
    if (!std::ranges::all_of(works, is_quick)) {
      peak_ = gemm_peak(device_, dtype_);
      emit("gemm_peak", peak_ / 1e9, "GF/s", peak_);
    }
    for (const std::string& work : works) measure(work);
  }

 private:
  std::vector<std::string> default_works() const {
    std::vector<std::string> works = bench_work_names();
    std::erase(works, "first_forward");
    if (settings_.experts.empty()) std::erase(works, "routed_experts");
    return works;
  }

  /// Mistakes are told before anything is measured.
  void check_directories() const {
    if (!named_shape(settings_.model)) read_t5_config(settings_.model);
    for (const std::string& expert : settings_.experts) ExpertDirectory::open(expert);
  }

  void measure(const std::string& work) {
    const bool trains = work.find("_step") != std::string::npos;
    if (work == "cold_start") return cold_start();
    if (work == "first_forward") return first_forward();
    if (work == "modular_sizes") return modular_sizes();
    if (work == "task_moe_sizes") return task_moe_sizes();
    prepare_model(!trains);
    if (work.starts_with("modular_")) return modular_adapters(work, trains);
    if (work.starts_with("task_moe_")) return task_mixtures(work, trains);
    if (work.starts_with("forward_")) return forward(work);
    if (work.starts_with("lora_step_")) return training_step(work, TrainingStep::What::lora);
    if (work.starts_with("gate_step_")) return training_step(work, TrainingStep::What::gates);
    if (work.starts_with("routed_")) return routed_forward(work);
    rank_classification(work);
  }

  void emit(const std::string& work, double value, const std::string& unit, std::optional<double> flops_per_second) {
    const Json share = flops_per_second && peak_ > 0 ? Json(*flops_per_second / peak_) : Json(nullptr);
    on_line_({{"work", work}, {"value", value}, {"unit", unit}, {"share_of_gemm_peak", share}});
  }

  /// With packed weights for inference, plain ones for training; only one of the two is held.
  T5Model& prepare_model(bool packed) {
    if (!model_ || packed_ != packed) {
      model_.reset();
      model_.emplace(make_model(settings_, device_, dtype_));
      if (packed) model_->pack_weights();
      packed_ = packed;
    }
    return *model_;
  }

  T5Model& model() { return *model_; }

  std::uint64_t seed() const { return static_cast<std::uint64_t>(settings_.common.seed); }

  /// Lengths by the ending of the work's name.
  RowLengths lengths_of(const std::string& work) const {
    const auto rows = static_cast<std::size_t>(settings_.rows);
    if (work.ends_with("_single")) return {{kSingleInput}, {kSingleTarget}};
    if (!work.ends_with("_mixed")) {
      return {std::vector(rows, settings_.input_length), std::vector(rows, settings_.target_length)};
    }
    const auto spread = [&](std::int64_t longest) {
      return spread_lengths(std::max<std::int64_t>(1, longest / 16), longest, settings_.rows);
    };
    return {spread(settings_.input_length), spread(settings_.target_length)};
  }

  std::vector<Example> examples_of(const RowLengths& lengths) {
    return random_examples(lengths, model().config().vocab_size, seed());
  }

  void forward(const std::string& work) {
    const RowLengths lengths = lengths_of(work);
    const std::vector<Example> examples = examples_of(lengths);
    const double seconds = best_seconds(settings_.repeats, [&] { run_forward(model(), examples); });
    const double flops = forward_flops(model().config(), lengths) / seconds;
    if (work == "forward_single") return emit(work, seconds, "s", flops);
    emit(work, tokens_of(lengths) / seconds, "tokens/s", flops);
  }

  void training_step(const std::string& work, TrainingStep::What what) {
    const RowLengths lengths = lengths_of(work);
    const std::vector<Example> examples = examples_of(lengths);
    TrainingStep step(model(), what, settings_.rank, seed());
    const double seconds = best_seconds(settings_.repeats, [&] { step.run(examples); });
    emit(work, tokens_of(lengths) / seconds, "tokens/s",
         training_flops(model().config(), lengths, settings_.rank) / seconds);
  }

  /// Every method beside LoRA, on rows of one task and on rows of several.
  void modular_adapters(const std::string& work, bool trains) {
    const RowLengths lengths = lengths_of(work);
    std::vector<Example> examples = examples_of(lengths);
    const T5Config& config = model().config();
    for (const std::string& method : modular_method_names()) {
      const ModularShape shape = bench_shape(*modular_method_named(method), config, settings_.rank);
      const double flops = trains ? training_flops(config, lengths, shape.rank)
                                  : forward_flops(config, lengths) + lora_flops(config, lengths, shape.rank);
      for (const std::int64_t tasks : {std::int64_t{1}, std::min(kBenchTasks, settings_.rows)}) {
        spread_over_tasks(examples, tasks);
        const PairCost cost = (trains ? training_beside_lora : forward_beside_lora)(
            model(), shape, settings_.rank, examples, settings_.repeats, seed());
        const std::string name =
            fmt::format("{}_{}{}", work, method, tasks == 1 ? "" : fmt::format("_{}_tasks", tasks));
        const char* unit = trains ? "x LoRA step" : "x LoRA forward";
        emit(name, cost.times_as_long(), unit, flops / cost.seconds.second);
        emit(name + "_memory", cost.times_the_memory(), unit, std::nullopt);
        if (settings_.rows == 1) break;
      }
    }
  }

  /// Copies of every layer beside a single one, on rows of several tasks.
  void task_mixtures(const std::string& work, bool trains) {
    const RowLengths lengths = lengths_of(work);
    std::vector<Example> examples = examples_of(lengths);
    spread_over_tasks(examples, std::min(kBenchTasks, settings_.rows));
    const char* unit = trains ? "x one-copy step" : "x one-copy forward";
    const auto tell = [&](const std::string& routes, const PairCost& cost) {
      const std::string name = fmt::format("{}_{}_copies{}", work, kBenchCopies, routes);
      emit(name, cost.times_as_long(), unit, std::nullopt);
      emit(name + "_memory", cost.times_the_memory(), unit, std::nullopt);
    };
    if (trains) return tell("", training_beside_one_copy(model(), examples, settings_.repeats, seed()));
    for (const bool one_hot : {false, true}) {
      tell(one_hot ? "_one_hot" : "_dense",
           forward_beside_one_copy(model(), examples, one_hot, settings_.repeats, seed()));
    }
  }

  T5Config config() const {
    const std::optional<T5Config> named = named_shape(settings_.model);
    return named ? *named : read_t5_config(settings_.model);
  }

  /// What is trained, and the memory that it takes with gradients and moments.
  void task_moe_sizes() {
    for (const std::int64_t copies : {std::int64_t{1}, kBenchCopies}) {
      const TaskMoeShape shape = bench_mixture(config(), copies);
      const std::string name = fmt::format("task_moe_sizes_{}_{}", copies, copies == 1 ? "copy" : "copies");
      emit(name, static_cast<double>(copied_parameters(shape, config())), "parameters", std::nullopt);
      emit(name + "_memory", static_cast<double>(training_memory(shape, config(), false)), "bytes", std::nullopt);
    }
  }

  /// What would be trained; the model itself is not needed.
  void modular_sizes() {
    const T5Config config = this->config();
    const auto tell = [&](const std::string& name, std::int64_t count, const char* unit) {
      emit("modular_sizes_" + name, static_cast<double>(count), unit, std::nullopt);
    };
    tell("lora", lora_parameters(config, settings_.rank), "parameters");
    for (const std::string& method : modular_method_names()) {
      const AdapterSizes sizes = sizes_of(bench_shape(*modular_method_named(method), config, settings_.rank), config);
      tell(method, sizes.parameters, "parameters");
      if (sizes.routing > 0) tell(method + "_routing", sizes.routing, "numbers per task");
    }
  }

  void routed_forward(const std::string& work) {
    const StagedDirectory scratch(scratch_path());
    std::vector<ExpertDirectory> experts;
    if (work == "routed_experts") {
      for (const std::string& directory : settings_.experts) experts.push_back(ExpertDirectory::open(directory));
    } else {
      const std::int64_t count = std::stoll(work.substr(work.find('_') + 1));
      experts = make_random_experts(scratch.path(), model().config(), count, settings_.rank, seed());
    }
    const RowLengths lengths = lengths_of(work);
    const std::vector<Example> examples = examples_of(lengths);
    const RoutedModel routing(model(), experts, {.router = "phatgoose", .k = kUsedExperts});
    const AttachedAdapters adapters(model());
    const auto run = [&](bool with_experts) {
      if (with_experts) {
        adapters.put_back();
      } else {
        model().remove_adapters();
      }
      run_forward(model(), examples);
    };
    const auto [base, routed] = alternating_seconds(
        settings_.repeats, [&] { run(false); }, [&] { run(true); });
    model().remove_adapters();
    const double flops = forward_flops(model().config(), lengths) +
                         routing_flops(model().config(), lengths, settings_.rank,
                                       static_cast<std::int64_t>(experts.size()), kUsedExperts);
    emit(work, routed / base, "x base forward", flops / routed);
  }

  void rank_classification(const std::string& work) {
    const auto rows = static_cast<std::size_t>(settings_.rows);
    const RowLengths lengths{std::vector(rows, settings_.input_length),
                             std::vector<std::int64_t>(rows * kChoices, kChoiceLength), kChoices};
    const std::vector<Question> questions = random_questions(lengths, model().config().vocab_size, seed());
    double flops = forward_flops(model().config(), lengths);
    if (work == "rank_lora") {
      attach_expert();
      flops += lora_flops(model().config(), lengths, settings_.rank);
    }
    const double seconds = best_seconds(settings_.repeats, [&] { score_choices(model(), questions); });
    model().remove_adapters();
    emit(work, static_cast<double>(rows) / seconds, "examples/s", flops / seconds);
  }

  void attach_expert() {
    const std::vector<LinearGroupSpec> groups = linear_groups(model().config());
    const ExpertParameters expert =
        settings_.experts.empty()
            ? ExpertParameters::initial(groups, settings_.rank, seed(), device_)
            : ExpertParameters::load(ExpertDirectory::open(settings_.experts.front()), groups, device_);
    expert.attach(model());
  }

  void cold_start() {
    const StagedDirectory scratch(scratch_path());
    std::string directory = settings_.model;
    if (named_shape(directory)) {
      directory = scratch.path() / "model";
      prepare_model(true).save(directory, dtype_);
    }
    const std::vector<std::string> arguments = {"--model",   directory,
                                                "--work",    "first_forward",
                                                "--threads", std::to_string(settings_.common.threads),
                                                "--device",  device_.str(),
                                                "--dtype",   dtype_ == at::kBFloat16 ? "bf16" : "fp32",
                                                "--log",     "quiet"};
    const double seconds = best_seconds(settings_.repeats, [&] { run_fresh_process(program_, arguments); });
    emit("cold_start", seconds, "s", std::nullopt);
  }

  /// What a cold start's fresh process does: loads the model and runs it once.
  void first_forward() {
    const double seconds = seconds_of([&] {
      model_.reset();
      prepare_model(false);
      run_forward(model(), examples_of({{kSingleInput}, {kSingleTarget}}));
    });
    emit("first_forward", seconds, "s", std::nullopt);
  }

  static double tokens_of(const RowLengths& lengths) {
    return static_cast<double>(lengths.input_tokens() + lengths.target_tokens());
  }

  const BenchSettings& settings_;
  at::Device device_;
  at::ScalarType dtype_;
  fs::path program_;
  const std::function<void(const Json&)>& on_line_;
  double peak_ = 0;
  std::optional<T5Model> model_;
  bool packed_ = false;
};

}  // namespace

void run_benchmark(const BenchSettings& settings, at::Device device, at::ScalarType dtype, const fs::path& program,
                   const std::function<void(const Json&)>& on_line) {
  Benchmark(settings, device, dtype, program, on_line).run();
}

}  // namespace phatgoose
