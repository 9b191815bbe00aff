#include "phatgoose/jobs/base_job.h"

#include "phatgoose/jobs/pretrain_model.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/text/tokenizer_files.h"

namespace phatgoose {

std::vector<Parameter> BaseJob::begin(T5Model& model, const std::vector<std::string>& /*tasks*/) {
  model_ = &model;
  start_(model);
  return all_parameters(model, /*query_lr_scale=*/1.0);
}

void BaseJob::write(const Json& best, const Json& rows) const {
  const fs::path& out = training().out;
  model_->save(out, at::kFloat);
  std::vector<std::string> files = {"config.json", "model.safetensors"};
  if (has_tokenizer(plan().base)) {
    for (const std::string& file : copy_tokenizer_files(plan().base, out)) files.push_back(file);
  }
  Json body = manifest_body(name_, best, rows);
  body["fingerprint"] = base_fingerprint(out);
  write_manifest(out, {.kind = kModelKind, .body = body}, files);
}

}  // namespace phatgoose
