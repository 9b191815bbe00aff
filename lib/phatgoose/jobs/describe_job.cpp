#include "phatgoose/jobs/describe_job.h"

#include <ATen/ATen.h>

#include "phatgoose/base/error.h"
#include "phatgoose/base/log.h"
#include "phatgoose/describe/stop_check.h"
#include "phatgoose/jobs/chosen_encoder.h"
#include "phatgoose/jobs/expert_texts.h"
#include "phatgoose/jobs/preparation.h"
#include "phatgoose/nn/tensor_bridge.h"
#include "phatgoose/store/expert_description.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/stored_embeddings.h"

namespace phatgoose {
namespace {

/// The experts of the command, which fit the base where one is named.
std::vector<ExpertDirectory> open_experts(const DescribeSettings& settings) {
  std::vector<ExpertDirectory> experts;
  for (const NamedDirectory& directory : some_experts(settings.experts, settings.library)) {
    experts.push_back(ExpertDirectory::open(directory));
  }
  if (!settings.model) return experts;
  const T5Config config = read_t5_config(*settings.model);
  const std::string fingerprint = base_fingerprint(*settings.model);
  for (const ExpertDirectory& expert : experts) expert.check_base(config, fingerprint, settings.allow_partial);
  return experts;
}

void write_embedding(const ExpertDirectory& expert, const SentenceEncoder& encoder) {
  const std::string text = read_description(expert.path())->text;
  const Json made{{"adapter", expert.adapter_hash()},
                  {"text", content_hash(std::as_bytes(std::span(text)))},
                  {"encoder", encoder.fingerprint()}};
  const fs::path file = expert.path() / kDescriptionEmbeddingFile;
  write_if_new(file, made, [&] {
    if (encoder.cuts(text, kDescriptionRole)) {
      log_warning(file.string() + ": " + encoder.name() + " does not see the end of the text");
    }
    const at::Tensor embedding = encoder.embed(std::span(&text, 1), kDescriptionRole).contiguous();  // [1, D]
    write_embeddings(file, to_named("embeddings", embedding).view, encoder.name(), encoder.fingerprint(), made.dump());
  });
}

}  // namespace

void describe_experts(const DescribeSettings& settings, at::Device device, at::ScalarType dtype) {
  const std::vector<ExpertDirectory> experts = open_experts(settings);
  const ChosenEncoder encoder(settings.encoder, settings.model.value_or(""), device, dtype);
  write_expert_texts(settings, experts);
  for (const ExpertDirectory& expert : experts) {
    check_stop_request();
    write_embedding(expert, *encoder);
  }
}

}  // namespace phatgoose
