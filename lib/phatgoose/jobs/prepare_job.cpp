#include "phatgoose/jobs/prepare_job.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <functional>
#include <map>

#include "phatgoose/adapters/adapter_set.h"
#include "phatgoose/base/error.h"
#include "phatgoose/base/log.h"
#include "phatgoose/data/row_encoder.h"
#include "phatgoose/embed/retrieval_text.h"
#include "phatgoose/jobs/chosen_encoder.h"
#include "phatgoose/jobs/preparation.h"
#include "phatgoose/nn/tensor_bridge.h"
#include "phatgoose/routing/adapted_model.h"
#include "phatgoose/routing/arrow_router.h"
#include "phatgoose/routing/mean_inputs.h"
#include "phatgoose/store/made_from.h"
#include "phatgoose/store/stored_embeddings.h"

namespace phatgoose {
namespace {

using Vectors = std::map<std::string, at::Tensor>;  // by module path

Vectors singular_vectors(const ExpertDirectory& expert) {
  Vectors vectors;
  for (const auto& [path, lora] : expert.loras()) {
    vectors[path] = arrow_direction(to_tensor(lora.a, at::kCPU, at::kDouble), to_tensor(lora.b, at::kCPU, at::kDouble));
  }
  return vectors;
}

Vectors mean_input_vectors(const Preparation& from, const ExpertDirectory& expert) {
  std::vector<Example> examples;
  std::map<std::string, RowEncoder> encoders;  // by file
  for (const DrawnRow& row : from.draw_rows()) {
    RowEncoder& encoder =
        encoders.try_emplace(*row.file, from.tokenizer_or_null(), from.config.vocab_size).first->second;
    row.in_place([&] {
      TokenIds input = encoder.input(row.record, from.settings.max_input);
      examples.push_back({std::move(input), encoder.target(row.record, from.settings.max_target)});
    });
  }
  for (const auto& [rows, encoder] : encoders) encoder.notes().warn(rows, std::ssize(examples));
  T5Model model = load_base(from.settings.model, from.device, from.dtype);
  load_adapters(expert, linear_groups(from.config), model.device())->attach(model);
  const std::vector<at::Tensor> means = mean_inputs(model, examples, from.settings.pass_tokens);
  Vectors vectors;
  for (std::size_t g = 0; g < means.size(); ++g) {
    for (const LinearSpec& linear : model.groups()[g]->spec().linears) {
      if (expert.loras().contains(linear.path)) vectors[linear.path] = means[g];
    }
  }
  return vectors;
}

void write_vectors(const Preparation& from, const ExpertNeed& need, const ExpertDirectory& expert,
                   const std::function<Vectors()>& compute) {
  const fs::path file = expert.path() / need.file;
  const Json made = from.made_from(need, expert);
  write_if_new(file, made, [&] {
    std::vector<NamedTensor> tensors;
    std::map<std::string, TensorView> views;
    const Vectors vectors = compute();
    for (const auto& [path, vector] : vectors) views.emplace(path, tensors.emplace_back(to_named(path, vector)).view);
    write_safetensors(file, std::move(tensors), {{kMadeFromKey, made.dump()}, {kHashKey, tensor_hash(views)}});
  });
}

void write_embedded_examples(const Preparation& from, const ExpertNeed& need, const ExpertDirectory& expert) {
  const ChosenEncoder encoder(from.settings.encoder, from.settings.model, from.device, from.dtype);
  const fs::path file = expert.path() / need.file;
  Json made = from.made_from(need, expert);
  made["encoder"] = encoder->fingerprint();
  write_if_new(file, made, [&] {
    std::vector<std::string> texts;
    std::map<std::string, RowNotes> notes;  // by file
    for (const DrawnRow& row : from.draw_rows()) {
      row.in_place([&] { texts.push_back(retrieval_text(row.record, from.tokenizer_or_null())); });
      if (!encoder->cuts(texts.back(), kRetrievalExampleRole)) continue;
      notes[*row.file].add(RowNote::cut_retrieval_text, row.record.line, encoder->max_length());
    }
    for (const auto& [rows, of_rows] : notes) of_rows.warn(rows, std::ssize(texts));
    const at::Tensor embeddings = encoder->embed(texts, kRetrievalExampleRole).contiguous();  // [n, D]
    write_embeddings(file, to_named("embeddings", embeddings).view, encoder->name(), encoder->fingerprint(),
                     made.dump());
    log_info(fmt::format("{} embeddings by {}", texts.size(), encoder->name()));
  });
}

void prepare_need(const Preparation& from, const ExpertNeed& need, const ExpertDirectory& expert) {
  switch (need.maker) {
    case ExpertNeed::Maker::train_gate:
    case ExpertNeed::Maker::descriptions:
      return;
    case ExpertNeed::Maker::mean_inputs:
      return write_vectors(from, need, expert, [&] { return mean_input_vectors(from, expert); });
    case ExpertNeed::Maker::singular_vectors:
      return write_vectors(from, need, expert, [&] { return singular_vectors(expert); });
    case ExpertNeed::Maker::example_embeddings:
      return write_embedded_examples(from, need, expert);
  }
}

}  // namespace

void prepare_experts(const PrepareSettings& settings, at::Device device, at::ScalarType dtype) {
  const std::vector<NamedDirectory> directories = settings.checked_experts();
  const Preparation preparation(settings, device, dtype);
  for (const NamedDirectory& directory : directories) {
    const ExpertDirectory expert = ExpertDirectory::open(directory.path);
    expert.check_base(preparation.config, preparation.fingerprint, settings.allow_partial);
    for (const ExpertNeed& need : router_kind(settings.router, "--router").needs) {
      prepare_need(preparation, need, expert);
    }
  }
}

}  // namespace phatgoose
