#include "phatgoose/jobs/expert_job.h"

#include "phatgoose/adapters/expert_parameters.h"
#include "phatgoose/jobs/adapter_job.h"
#include "phatgoose/settings/run_record.h"
#include "phatgoose/store/manifest.h"

namespace phatgoose {

namespace {

/// The expert to be: where it begins, what is trained, how it is stored.
struct ExpertPlan {
  std::string name;
  std::optional<ExpertDirectory> init;  ///< to continue from
  std::int64_t rank;
  double alpha;
  bool joint_gate;
  at::ScalarType save_dtype;
};

class ExpertJob : public AdapterJob {
 public:
  ExpertJob(AdapterPlan plan, ExpertPlan expert) : AdapterJob(std::move(plan)), expert_(std::move(expert)) {}

 private:
  std::vector<Parameter> begin(T5Model& model, const std::vector<std::string>& tasks) override;
  void write(const Json& best, const Json& rows) const override;

  ExpertParameters first_factors(const T5Model& model) const;

  ExpertPlan expert_;
  std::optional<ExpertParameters> adapter_;
};

ExpertParameters ExpertJob::first_factors(const T5Model& model) const {
  const std::vector<LinearGroupSpec> groups = linear_groups(plan().config);
  if (expert_.init) return ExpertParameters::load(*expert_.init, groups, model.device());
  ExpertParameters parameters = ExpertParameters::initial(groups, expert_.rank, training().seed, model.device());
  for (const auto& group : parameters.groups()) {
    for (LoraMember& member : group->members) member.scale = expert_.alpha / static_cast<double>(member.rank);
  }
  return parameters;
}

/// A gate starts at v = 0 unless it comes with the adapter of --init.
std::vector<Parameter> ExpertJob::begin(T5Model& model, const std::vector<std::string>& /*tasks*/) {
  adapter_ = first_factors(model);
  adapter_->check_one_alpha();
  if (expert_.joint_gate && !adapter_->has_gates()) adapter_->reset_gates();
  adapter_->set_trainable(/*lora=*/true, /*gates=*/expert_.joint_gate);
  if (expert_.joint_gate) {
    adapter_->attach_gated(model);
  } else {
    adapter_->attach(model);
  }
  return trained(*adapter_);
}

void ExpertJob::write(const Json& best, const Json& rows) const {
  const fs::path& out = training().out;
  std::vector<std::string> files = {"adapter_config.json", "adapter_model.safetensors"};
  adapter_->save_adapter(out, plan().base, expert_.save_dtype);
  Json body = manifest_body(expert_.name, best, rows);
  if (expert_.joint_gate) {
    adapter_->save_gate(out);
    body["gate"] = {{"joint", true}};
    files.emplace_back("gate.safetensors");
  }
  write_manifest(out, {.kind = kExpertKind, .body = body}, files);
}

/// Hash of what training begins with: the adapter, and its gate where that is trained too.
Json hash_of_init(const ExpertDirectory& expert, bool joint_gate) {
  if (joint_gate && expert.has_gate()) return Json::array({expert.adapter_hash(), expert.gate_hash()});
  return expert.adapter_hash();
}

}  // namespace

TrainingOutcome train_expert(TrainExpertSettings settings, at::Device device, at::ScalarType dtype) {
  settings.check();
  settings.training.resolve();
  AdapterPlan plan = adapter_plan(settings, settings.out, device, dtype);
  ExpertPlan expert{.name = settings.name,
                    .init = std::nullopt,
                    .rank = settings.rank,
                    .alpha = settings.alpha,
                    .joint_gate = settings.joint_gate,
                    .save_dtype = settings.save_dtype == "bf16" ? at::kBFloat16 : at::kFloat};
  if (settings.init) {
    expert.init = ExpertDirectory::open(*settings.init);
    expert.init->check_base(plan.config, plan.fingerprint, settings.allow_partial);
    plan.contents["init"] = hash_of_init(*expert.init, settings.joint_gate);
  }
  plan.training.record = run_record(settings.declare(), plan.contents);
  return ExpertJob(std::move(plan), std::move(expert)).run();
}

}  // namespace phatgoose
