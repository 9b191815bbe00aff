#include "phatgoose/jobs/modular_job.h"

#include "phatgoose/jobs/modular_loss.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/modular_manifest.h"

namespace phatgoose {

std::vector<Parameter> ModularJob::begin(T5Model& model, const std::vector<std::string>& tasks) {
  tasks_ = tasks;
  adapter_ = modular_.start(std::ssize(tasks_), model.device());
  adapter_->set_trainable(modular_.adapters, modular_.routing);
  adapter_->attach(model);
  return trained(*adapter_);
}

std::unique_ptr<Objective> ModularJob::objective(const T5Model& model) const {
  return std::make_unique<ModularLoss>(AdapterJob::objective(model), *adapter_, modular_.noise, training().seed);
}

void ModularJob::write(const Json& best, const Json& rows) const {
  Json body = manifest_body(modular_.name, best, rows);
  body.update(to_json(adapter_->shape()));
  body["tasks"] = tasks_;
  const std::vector<std::string> files = adapter_->save_adapter(training().out, plan().base);
  write_manifest(training().out, {.kind = kModularKind, .body = body}, files);
}

}  // namespace phatgoose
