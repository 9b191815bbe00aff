#include "phatgoose/train/trainer.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

#include "phatgoose/base/error.h"
#include "phatgoose/base/log.h"
#include "phatgoose/base/numbers.h"
#include "phatgoose/base/signals.h"
#include "phatgoose/data/batching.h"

namespace phatgoose {

namespace {

[[noreturn]] void fail_diverged(std::int64_t step, const char* what, double value) {
  fail(ExitCode::diverged, {.where = fmt::format("step {}", step),
                            .found = fmt::format("{} is {}", what, value),
                            .expected = "a finite number",
                            .hint = "lower --lr or raise --warmup-ratio"});
}

std::vector<at::Tensor> copies_of(const std::vector<Parameter>& parameters) {
  std::vector<at::Tensor> copies;
  for (const Parameter& parameter : parameters) copies.push_back(parameter.value().clone());
  return copies;
}

}  // namespace

Trainer::Trainer(const Objective& objective, Optimizer& optimizer, ExampleSource& source, Validator validate,
                 const TrainerSettings& settings, const fs::path& run)
    : objective_(objective),
      optimizer_(optimizer),
      source_(source),
      validate_(std::move(validate)),
      settings_(settings),
      checkpoints_(run),
      run_(run) {}

void Trainer::log_beginning() const {
  std::int64_t count = 0;
  for (const Parameter& parameter : optimizer_.parameters()) count += parameter.value().numel();
  log_info(fmt::format("training {} parameters for {} step{}", grouped(count), grouped(settings_.schedule.steps),
                       settings_.schedule.steps == 1 ? "" : "s"));
}

TrainingOutcome Trainer::run() {
  log_beginning();
  restore();
  progress_.emplace("training", settings_.schedule.steps, "steps", step_);
  while (true) {
    if (save_due()) save();
    if (validation_due() && !validate()) return stop();
    if (step_ == settings_.schedule.steps) break;
    if (!train_step()) return stop();
    note_boundary();
  }
  progress_->finish();
  finish();
  return TrainingOutcome::finished;
}

bool Trainer::save_due() const {
  const bool regular = step_ > 0 && (step_ % settings_.save_every == 0 || step_ == settings_.schedule.steps);
  return regular && saved_step_ != step_;
}

bool Trainer::validation_due() const {
  if (!validate_ || step_ == 0) return false;
  return step_ % settings_.eval_every == 0 || step_ == settings_.schedule.steps;
}

bool Trainer::train_step() {
  const std::vector<Example> examples = source_.next();
  timing_->begin_step();
  const std::optional<double> loss = accumulate_gradients(examples);
  if (!loss) return false;
  if (!std::isfinite(*loss)) fail_diverged(step_ + 1, "the loss", *loss);
  const double norm = optimizer_.clip_gradients(settings_.clip);
  if (!std::isfinite(norm)) fail_diverged(step_ + 1, "the norm of the gradient", norm);
  const double rate = learning_rate(settings_.schedule, step_);
  optimizer_.update(rate);
  ++step_;
  metrics_->append({{"step", step_},
                    {"loss", *loss},
                    {"learning_rate", rate},
                    {"gradient_norm", norm},
                    {"rows", examples.size()},
                    {"target_tokens", target_token_count(examples)}});
  timing_->end_step(step_, token_count(examples));
  last_loss_ = fmt::format("loss {:.4f}", *loss);
  progress_->update(step_, last_loss_);
  return true;
}

std::optional<double> Trainer::accumulate_gradients(const std::vector<Example>& examples) {
  optimizer_.zero_gradients();
  const double divisor = objective_.divisor(examples);
  at::Tensor loss_sum = at::zeros({}, at::TensorOptions(optimizer_.device()).dtype(at::kDouble));
  std::int64_t rows_done = 0;
  objective_.begin_step(step_);
  for (const std::vector<std::int64_t>& rows : passes_of(examples, settings_.pass_tokens)) {
    if (stop_requested()) return std::nullopt;
    const Dropout dropout(settings_.dropout, settings_.seed, static_cast<std::uint64_t>(step_), rows);
    const at::Tensor loss = objective_.sum(examples, rows, settings_.dropout > 0 ? &dropout : nullptr);  // []
    (loss / divisor).backward();
    loss_sum += loss.detach();
    rows_done += std::ssize(rows);
    progress_->update(step_, last_loss_, static_cast<double>(rows_done) / static_cast<double>(examples.size()));
  }
  objective_.end_step();
  return loss_sum.item<double>() / divisor;
}

bool Trainer::validate() {
  progress_->update(step_, "validating");
  const std::optional<Validation> validation = validate_();
  if (!validation) return false;
  if (!std::isfinite(validation->loss)) fail_diverged(step_, "the validation loss", validation->loss);
  Json line = {{"step", step_}, {"validation_loss", validation->loss}};
  if (validation->accuracy) line["validation_accuracy"] = *validation->accuracy;
  metrics_->append(line);
  progress_->update(step_, last_loss_);
  const bool is_best = best_.offer(step_, *validation);
  if (is_best) best_values_ = copies_of(optimizer_.parameters());
  log_info(fmt::format("step {}: validation loss {:.4f}{}{}", step_, validation->loss,
                       validation->accuracy ? fmt::format(", accuracy {:.4f}", *validation->accuracy) : "",
                       is_best ? " (best)" : ""));
  return true;
}

NamedTensors Trainer::state_tensors() const {
  NamedTensors tensors = optimizer_.state();
  const std::vector<Parameter>& parameters = optimizer_.parameters();
  for (const Parameter& parameter : parameters) tensors.emplace_back("parameter." + parameter.name, parameter.value());
  for (std::size_t i = 0; i < best_values_.size(); ++i) {
    tensors.emplace_back("best." + parameters[i].name, best_values_[i]);
  }
  return tensors;
}

void Trainer::note_boundary() {
  metrics_size_ = metrics_->size();
  source_position_ = source_.position();
}

void Trainer::save() {
  metrics_->sync();
  const Json state = {{"step", step_},
                      {"metrics_size", metrics_size_},
                      {"source_position", source_position_},
                      {"best", best_.to_json()}};
  checkpoints_.write(step_, state, state_tensors());
  saved_step_ = step_;
  // While the run goes on there is one to continue from, even where the newest is damaged.
  checkpoints_.prune(std::max<std::int64_t>(settings_.keep_checkpoints, 2), settings_.save_every, step_);
}

void Trainer::restore() {
  if (const std::optional<Checkpoint> newest = checkpoints_.read_newest()) {
    const Json& state = newest->state;
    in(fmt::format("checkpoint of step {}", newest->step), [&] {
      step_ = json_get<std::int64_t>(state, "step");
      metrics_size_ = json_get<std::int64_t>(state, "metrics_size");
      best_ = BestCheckpoint::from_json(json_get<Json>(state, "best"));
      source_.seek(json_get<Json>(state, "source_position"));
    });
    if (best_.step()) best_values_ = copies_of(optimizer_.parameters());
    checkpoints_.read_tensors(newest->step, state_tensors());
    optimizer_.set_updates(step_);
    saved_step_ = step_;
    log_info(fmt::format("resuming after step {} of {}", step_, settings_.schedule.steps));
  }
  metrics_.emplace(run_ / "metrics.jsonl", metrics_size_);
  timing_.emplace(run_ / "timing.jsonl", optimizer_.device());
  note_boundary();
}

TrainingOutcome Trainer::stop() {
  if (saved_step_ != step_) save();
  log_info(
      fmt::format("stopped after step {} of {}; the same command resumes the run", step_, settings_.schedule.steps));
  return TrainingOutcome::stopped;
}

void Trainer::finish() {
  metrics_->sync();
  if (best_.step()) {
    const at::NoGradGuard no_grad;
    for (std::size_t i = 0; i < best_values_.size(); ++i) optimizer_.parameters()[i].value().copy_(best_values_[i]);
    log_info(fmt::format("the result is the state after step {}, the best one validated", *best_.step()));
  }
}

}  // namespace phatgoose
