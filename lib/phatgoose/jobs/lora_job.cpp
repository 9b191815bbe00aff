#include "phatgoose/jobs/lora_job.h"

#include "phatgoose/store/manifest.h"

namespace phatgoose {

std::vector<Parameter> LoraJob::begin(T5Model& model, const std::vector<std::string>& /*tasks*/) {
  adapter_ = start_(model.device());
  adapter_->check_one_alpha();
  adapter_->set_trainable(/*lora=*/true, /*gates=*/false);
  adapter_->attach(model);
  return trained(*adapter_);
}

void LoraJob::write(const Json& best, const Json& rows) const {
  const std::vector<std::string> files = adapter_->save_adapter(training().out, plan().base);
  write_manifest(training().out, {.kind = kExpertKind, .body = manifest_body(name_, best, rows)}, files);
}

}  // namespace phatgoose
