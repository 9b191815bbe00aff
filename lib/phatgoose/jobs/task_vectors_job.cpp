#include "phatgoose/jobs/task_vectors_job.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "phatgoose/base/error.h"
#include "phatgoose/base/log.h"
#include "phatgoose/base/progress.h"
#include "phatgoose/base/random.h"
#include "phatgoose/base/signals.h"
#include "phatgoose/data/base_hashes.h"
#include "phatgoose/embed/principal_components.h"
#include "phatgoose/jobs/task_vector_source.h"
#include "phatgoose/nn/tensor_bridge.h"
#include "phatgoose/settings/run_record.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/run_lock.h"
#include "phatgoose/store/safetensors.h"

namespace phatgoose {
namespace {

constexpr std::int64_t kMostDimensions = 128;
constexpr const char* kPartsFolder = "partial";
constexpr const char* kPartTensor = "vector";

/// The files of every task, in the order of their first files.
std::vector<RowsOfTask> tasks_of(const std::vector<TaskFile>& files) {
  std::vector<RowsOfTask> tasks;
  for (const TaskFile& file : files) {
    auto found = std::ranges::find(tasks, file.task, &RowsOfTask::task);
    if (found == tasks.end()) found = tasks.insert(found, RowsOfTask{.task = file.task, .files = {}, .rows = {}});
    found->files.push_back(file.path);
  }
  return tasks;
}

/// Reads the task's files, and draws rows where there is a limit.
void read_rows(RowsOfTask& task, const TaskVectorsSettings& settings) {
  const RowReadingSettings& reading = settings.reading;
  for (const std::string& file : task.files) {
    SkippedRows skipped;
    for (Record& record : read_records(file, reading.line_limit(), reading.skip_bad_rows ? &skipped : nullptr)) {
      task.rows.push_back({&file, std::move(record)});
    }
  }
  const std::int64_t count = std::ssize(task.rows);
  if (!settings.examples || *settings.examples >= count) return;
  std::vector<std::int64_t> drawn = permutation(count, static_cast<std::uint64_t>(settings.common.seed), 0);
  drawn.resize(static_cast<std::size_t>(*settings.examples));
  std::ranges::sort(drawn);
  std::vector<DrawnRow> rows;
  for (const std::int64_t row : drawn) rows.push_back(std::move(task.rows[static_cast<std::size_t>(row)]));
  task.rows = std::move(rows);
}

class TaskVectorsJob {
 public:
  TaskVectorsJob(TaskVectorsSettings settings, at::Device device)
      : settings_(std::move(settings)), device_(device), files_(settings_.files()), tasks_(tasks_of(files_)) {
    plan();
  }

  void run();

 private:
  void plan();
  TaskVectorRecipe recipe_of_settings() const;
  void read_like();
  void check_like() const;
  Json record();

  fs::path out() const { return settings_.out; }
  fs::path part_file(std::size_t task) const {
    return out() / kPartsFolder / (std::to_string(task + 1) + ".safetensors");
  }
  void make_part(std::size_t task, TaskVectorSource& source) const;
  void write() const;
  TaskVectorReduction reduction(std::span<const double> parts) const;

  TaskVectorsSettings settings_;
  at::Device device_;
  std::vector<TaskFile> files_;
  std::vector<RowsOfTask> tasks_;
  std::vector<std::int64_t> row_counts_;  // of every task
  std::optional<TaskVectors> like_;
  std::optional<TaskVectorReduction> like_reduction_;  // of Fisher vectors
  std::string fingerprint_;                            // of the base
  std::unique_ptr<SentenceEncoder> encoder_;
  TaskVectorRecipe recipe_;
};

void TaskVectorsJob::plan() {
  settings_.check();
  if (settings_.like) read_like();
  settings_.resolve(like_);
  if (settings_.method == kFisherVectors && !like_ && tasks_.size() < 2) {
    refuse_usage("--data", "one task", "two or more, whose differences the reduction keeps",
                 "--like DIR gives a new task its vector");
  }
  fingerprint_ = base_fingerprint(settings_.model);
  if (settings_.encoder) encoder_ = load_sentence_encoder(*settings_.encoder, device_);
  if (like_) check_like();
  recipe_ = recipe_of_settings();
}

void TaskVectorsJob::read_like() {
  like_ = read_task_vectors(*settings_.like);
  if (like_->recipe.fisher) like_reduction_ = read_task_vector_reduction(*settings_.like, like_->dimension);
}

TaskVectorRecipe TaskVectorsJob::recipe_of_settings() const {
  if (like_) return like_->recipe;
  TaskVectorRecipe recipe;
  if (encoder_) {
    recipe.encoder = {encoder_->name(), encoder_->fingerprint()};
  } else {
    recipe.base = {*settings_.max_input, *settings_.common.dtype};
  }
  if (settings_.method == kFisherVectors) {
    recipe.fisher = {*settings_.max_target, *settings_.adapter_size, settings_.common.seed};
  }
  return recipe;
}

void TaskVectorsJob::check_like() const {
  if (like_->fingerprint != fingerprint_) {
    refuse(*settings_.like, "vectors of the base with fingerprint " + like_->fingerprint, fingerprint_,
           "they were made with another base than --model");
  }
  const auto& encoder = like_->recipe.encoder;
  if (encoder && encoder->fingerprint != encoder_->fingerprint()) {
    refuse(*settings_.encoder, "the encoder with fingerprint " + encoder_->fingerprint(),
           fmt::format("{} with {}, as {} was made with", encoder->name, encoder->fingerprint, *settings_.like));
  }
}

Json TaskVectorsJob::record() {
  Json data = Json::array();
  for (const TaskFile& file : files_) data.push_back({file.task, content_hash_of_file(file.path)});
  std::map<std::string, Json> contents = {{"model", base_hashes(settings_.model, fingerprint_)}, {"data", data}};
  if (encoder_) contents["encoder"] = encoder_->fingerprint();
  if (like_) contents["like"] = content_hash_of_file((fs::path(*settings_.like) / "manifest.json").string());
  return run_record(settings_.declare(), contents);
}

void TaskVectorsJob::run() {
  const Json begun = record();
  check_run(out(), out(), begun);
  std::optional<RunLock> lock;
  if (!is_of_kind(out(), kTaskVectorsKind)) lock.emplace(out());
  if (read_finished(out(), kTaskVectorsKind)) {
    log_info(settings_.out + " is finished");
    return;
  }
  // All rows are read, and the base is loaded, before anything is written.
  const auto source =
      make_task_vector_source(settings_.model, recipe_, std::move(encoder_), settings_.pass_tokens, device_);
  for (RowsOfTask& task : tasks_) {
    read_rows(task, settings_);
    source->add(task);
    row_counts_.push_back(std::ssize(task.rows));
    task.rows = {};
  }
  begin_run(out(), begun);
  make_directories(out() / kPartsFolder);
  for (std::size_t task = 0; task < tasks_.size(); ++task) {
    if (!is_file(part_file(task))) make_part(task, *source);
  }
  write();
  std::error_code ignored;
  fs::remove_all(out() / kPartsFolder, ignored);
}

void TaskVectorsJob::make_part(std::size_t task, TaskVectorSource& source) const {
  const std::string& name = tasks_[task].task;
  Progress progress(fmt::format("task {} of {}, {}", task + 1, tasks_.size(), name), row_counts_[task], "rows");
  const at::Tensor vector = source.vector(task, [&](std::int64_t rows) {
    progress.update(rows);
    if (!stop_requested()) return;
    fail(ExitCode::stopped,
         {.found = fmt::format("stopped; the vectors of {} of {} tasks are kept", task, tasks_.size()),
          .hint = "run the same command again to continue"});
  });  // [n]
  progress.finish();
  if (!vector.isfinite().all().item<bool>()) {
    refuse("task " + name, "a vector with NaN or infinite values", "finite numbers", "compute with --dtype fp32");
  }
  write_safetensors(part_file(task), {to_named(kPartTensor, vector)});
}

/// Fitted on the tasks, or that of --like. `parts` [tasks, n].
TaskVectorReduction TaskVectorsJob::reduction(std::span<const double> parts) const {
  const std::int64_t tasks = std::ssize(tasks_), size = std::ssize(parts) / tasks;
  if (like_reduction_) {
    const std::int64_t found = std::ssize(like_reduction_->mean);
    if (found == size) return *like_reduction_;
    refuse(*settings_.like, fmt::format("a reduction of {} numbers", found),
           fmt::format("{}, as many as the adapters have weights", size));
  }
  const std::int64_t most = std::min(kMostDimensions, tasks - 1);
  const PrincipalComponents fitted = principal_components(parts, tasks, most);
  if (fitted.dimension == 0) refuse("--data", "tasks whose Fisher information is the same", "tasks that differ");
  if (fitted.dimension < most) {
    log_info(fmt::format("the reduction has {} of at most {} components: the tasks differ in no more", fitted.dimension,
                         most));
  }
  return {.mean = {fitted.mean.begin(), fitted.mean.end()},
          .components = {fitted.components.begin(), fitted.components.end()}};
}

void TaskVectorsJob::write() const {
  std::vector<double> parts;  // [tasks, n]
  TaskVectors vectors{.tasks = {},
                      .method = *settings_.method,
                      .dimension = 0,
                      .values = {},
                      .fingerprint = fingerprint_,
                      .recipe = recipe_};
  Json rows = Json::object();
  for (std::size_t task = 0; task < tasks_.size(); ++task) {
    const SafetensorsFile file(part_file(task));
    const at::Tensor part = to_tensor(file.at(kPartTensor), at::kCPU, at::kDouble);  // [n]
    const std::span<const double> values(part.const_data_ptr<double>(), static_cast<std::size_t>(part.numel()));
    parts.insert(parts.end(), values.begin(), values.end());
    vectors.tasks.push_back(tasks_[task].task);
    rows[tasks_[task].task] = row_counts_[task];
  }
  const std::size_t size = parts.size() / tasks_.size();
  std::optional<TaskVectorReduction> reduced_by;
  if (recipe_.fisher) reduced_by = reduction(parts);
  for (std::size_t begin = 0; begin < parts.size(); begin += size) {
    const std::span<const double> part = std::span(parts).subspan(begin, size);
    const std::vector<float> vector = reduced_by ? reduced(part, reduced_by->mean, reduced_by->components)
                                                 : std::vector<float>(part.begin(), part.end());
    vectors.dimension = std::ssize(vector);
    vectors.values.insert(vectors.values.end(), vector.begin(), vector.end());
  }
  write_task_vectors(out(), vectors, reduced_by, settings_.model, {{"rows", rows}});
  log_info(fmt::format("tasks: {}; size of a vector: {}", vectors.tasks.size(), vectors.dimension));
}

}  // namespace

void make_task_vectors(TaskVectorsSettings settings, at::Device device) {
  TaskVectorsJob(std::move(settings), device).run();
}

}  // namespace phatgoose
