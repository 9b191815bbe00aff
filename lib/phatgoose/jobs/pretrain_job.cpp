#include "phatgoose/jobs/pretrain_job.h"

#include <fmt/format.h>

#include <algorithm>

#include "phatgoose/base/error.h"
#include "phatgoose/base/log.h"
#include "phatgoose/data/base_hashes.h"
#include "phatgoose/jobs/pretrain_model.h"
#include "phatgoose/jobs/training_job.h"
#include "phatgoose/settings/run_record.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/text/tokenizer.h"
#include "phatgoose/text/tokenizer_files.h"
#include "phatgoose/train/pretrain_source.h"
#include "phatgoose/train/sequence_loss.h"

namespace phatgoose {

namespace {

std::vector<TextSource> text_sources(const PretrainSettings& settings) {
  std::vector<TextSource> sources;
  for (const std::string& text : settings.text) sources.push_back(parse_text_source(text));
  return sources;
}

std::vector<fs::path> files_of(const std::vector<TextSource>& sources) {
  std::vector<fs::path> files;
  for (const TextSource& source : sources) files.insert(files.end(), source.files.begin(), source.files.end());
  return files;
}

Json record_of(PretrainSettings& settings, const std::vector<TextSource>& sources) {
  Json text = Json::array();
  for (const TextSource& source : sources) {
    text.push_back({{"hash", content_hash_of_file(source.files.front())}, {"weight", source.weight}});
  }
  std::map<std::string, Json> contents = {{"text", std::move(text)}};
  if (settings.vocab) contents["vocab"] = content_hash_of_file(*settings.vocab);
  if (settings.model_config) contents["model-config"] = content_hash_of_file(*settings.model_config);
  if (settings.init) contents["init"] = base_hashes(*settings.init, base_fingerprint(*settings.init));
  return run_record(settings.declare(), contents);
}

PretrainSource open_source(const PretrainSettings& settings, const std::vector<TextSource>& sources,
                           const Tokenizer& tokenizer) {
  TextStreamOptions options{.objective = TextObjective::span_corruption,
                            .input_length = settings.input_length,
                            .corruption = {.noise_density = settings.noise_density, .mean_span = settings.mean_span},
                            .salient = settings.salient,
                            .seed = static_cast<std::uint64_t>(settings.common.seed),
                            .max_line_bytes = settings.reading.line_limit()};
  TextStream span(sources, tokenizer, options);
  options.objective = TextObjective::prefix_lm;
  return {std::move(span), TextStream(sources, tokenizer, options), settings.training.steps, settings.training.batch};
}

TrainingPlan pretraining_plan(PretrainSettings& settings, const std::vector<TextSource>& sources) {
  TrainingPlan plan = training_plan(settings.training, settings.common.seed, settings.out, kModelKind);
  Schedule& schedule = plan.trainer.schedule;
  schedule.steps += settings.lm_steps;
  const std::string& name = settings.training.schedule;
  if (name == "inverse-sqrt") schedule.shape = ScheduleShape::inverse_sqrt;
  schedule.decay_steps =
      name == "linear" ? schedule.steps - schedule.warmup_steps : ratio_of_steps(*settings.decay_ratio, schedule.steps);
  plan.trainer.dropout = settings.dropout;
  plan.record = record_of(settings, sources);
  return plan;
}

/// What `transformers` expects next to a new vocabulary.
Json tokenizer_config(const PretrainSettings& settings) {
  return {{"tokenizer_class", "T5Tokenizer"},
          {"extra_ids", kSentinelCount},
          {"model_max_length", settings.input_length},
          {"pad_token", "<pad>"},
          {"eos_token", "</s>"},
          {"unk_token", "<unk>"}};
}

void write_model(const PretrainSettings& settings, const T5Model& model, const Json& record) {
  const fs::path out = settings.out;
  model.save(out, settings.save_dtype == "bf16" ? at::kBFloat16 : at::kFloat);
  if (!settings.init) write_file(out / "tokenizer_config.json", tokenizer_config(settings).dump(2) + "\n");
  std::vector<std::string> files = {"config.json", "model.safetensors"};
  std::ranges::copy_if(kTokenizerFiles, std::back_inserter(files),
                       [&](const char* name) { return is_file(out / name); });
  const Json body = {{"fingerprint", base_fingerprint(out)}, {"training", record}};
  write_manifest(out, {.kind = kModelKind, .body = body}, files);
}

/// The beginning of a run. Unless it gets as far as training, a new run's files are cleared away again.
class Beginning {
 public:
  Beginning(fs::path run, const Json& record) : run_(std::move(run)), is_new_(!run_has_begun(run_)) {
    begin_run(run_, record);
  }
  ~Beginning() {
    if (!is_new_) return;
    std::error_code ignored;
    for (const char* name : kTokenizerFiles) fs::remove(run_ / name, ignored);
    fs::remove(run_ / "run.json", ignored);
  }
  Beginning(const Beginning&) = delete;
  Beginning& operator=(const Beginning&) = delete;

  void keep() { is_new_ = false; }

 private:
  fs::path run_;
  bool is_new_;
};

class PretrainJob : public TrainingJob {
 public:
  PretrainJob(PretrainSettings settings, at::Device device)
      : settings_(std::move(settings)),
        sources_(text_sources(settings_)),
        plan_(pretraining_plan(settings_, sources_)),
        device_(device) {}

 private:
  const TrainingPlan& training() const override { return plan_; }
  TrainingOutcome make() override;

  PretrainSettings settings_;  ///< of text, vocabulary and model
  std::vector<TextSource> sources_;
  TrainingPlan plan_;
  at::Device device_;
};

TrainingOutcome PretrainJob::make() {
  Beginning beginning(plan_.run, plan_.record);
  provide_vocabulary(settings_, files_of(sources_));
  const Tokenizer tokenizer(plan_.out);
  const T5Model model = first_model(settings_, tokenizer.size(), device_);
  tokenizer.check_vocab_size(model.config().vocab_size, plan_.out);
  PretrainSource source = open_source(settings_, sources_, tokenizer);
  const SequenceLoss objective(model);
  const auto optimizer = make_optimizer(plan_, all_parameters(model, settings_.query_lr_scale));
  Trainer trainer(objective, *optimizer, source, {}, plan_.trainer, plan_.run);
  log_info(
      fmt::format("{} steps of span corruption and {} of LM adaptation, of {} rows of at most {} input tokens each",
                  settings_.training.steps, settings_.lm_steps, plan_.batch, settings_.input_length));
  beginning.keep();
  const TrainingOutcome outcome = trainer.run();
  if (outcome == TrainingOutcome::finished) write_model(settings_, model, plan_.record);
  return outcome;
}

}  // namespace

TrainingOutcome pretrain(PretrainSettings settings, at::Device device) {
  settings.check();
  check_model_settings(settings);
  settings.resolve();
  if (settings.common.dtype != "fp32") {
    refuse_usage("--dtype", settings.common.dtype.value_or("no type"), "fp32: all weights are trained",
                 "--save-dtype sets the type of the stored weights");
  }
  return PretrainJob(std::move(settings), device).run();
}

}  // namespace phatgoose
