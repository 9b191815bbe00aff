#include "phatgoose/jobs/prepare_job.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "phatgoose/adapters/adapter_set.h"
#include "phatgoose/base/error.h"
#include "phatgoose/base/log.h"
#include "phatgoose/base/random.h"
#include "phatgoose/data/row_encoder.h"
#include "phatgoose/embed/base_sentence_encoder.h"
#include "phatgoose/embed/retrieval_text.h"
#include "phatgoose/nn/tensor_bridge.h"
#include "phatgoose/routing/adapted_model.h"
#include "phatgoose/routing/arrow_router.h"
#include "phatgoose/routing/mean_inputs.h"
#include "phatgoose/settings/run_record.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/router_kinds.h"
#include "phatgoose/store/stored_embeddings.h"
#include "phatgoose/store/tensor_hash.h"

namespace phatgoose {
namespace {

/// A training row and the file that it stands in.
struct Row {
  const std::string* file;
  Record record;

  void in_place(const auto& work) const {
    in(*file, [&] { in_row(record, work); });
  }
};

/// A file of an older release says nothing of its data.
bool is_undamaged(const SafetensorsFile& file) {
  const auto hash = file.metadata().find(kHashKey);
  return hash == file.metadata().end() || hash->second == tensor_hash(file.tensors());
}

/// What the file says of itself; one that cannot be read, or is damaged, was made from something else.
bool is_made_from(const fs::path& file, const Json& wanted) {
  if (!is_file(file)) return false;
  try {
    const SafetensorsFile found(file);
    const auto made = found.metadata().find("made_from");
    return made != found.metadata().end() && made->second == wanted.dump() && is_undamaged(found);
  } catch (const Error&) {
    return false;
  }
}

class Preparation {
 public:
  Preparation(const PrepareSettings& settings, at::Device device, at::ScalarType dtype)
      : settings_(settings),
        device_(device),
        dtype_(dtype),
        config_(read_t5_config(settings.model)),
        fingerprint_(base_fingerprint(settings.model)),
        tokenizer_(Tokenizer::of_base(settings.model, config_.vocab_size)) {}

  void run(const fs::path& directory) {
    const ExpertDirectory expert = ExpertDirectory::open(directory);
    expert.check_base(config_, fingerprint_, settings_.expert_options.allow_partial);
    const fs::path file = expert.path() / router_kind(settings_.router, "--router").prototypes;
    if (settings_.router == "retrieval") return write_examples(file, expert);
    write_if_new(file, made_from(expert), [&] {
      if (settings_.router == "arrow") {
        write_directions(file, expert);
      } else {
        write_mean_inputs(file, expert);
      }
    });
  }

 private:
  Json made_from(const ExpertDirectory& expert) const {
    Json made{{"adapter", expert.adapter_hash()}, {"base", fingerprint_}};
    if (settings_.data.empty()) return made;
    made["data"] = file_hashes(settings_.data);
    if (tokenizer_) made["tokenizer"] = tokenizer_->fingerprint();
    made["examples"] = settings_.examples;
    made["seed"] = settings_.common.seed;
    made["max_input"] = settings_.max_input;
    if (settings_.router != "retrieval") made["max_target"] = settings_.max_target;
    return made;
  }

  template <typename Write>
  void write_if_new(const fs::path& file, const Json& wanted, Write write) const {
    if (is_made_from(file, wanted)) {
      log_info(file.string() + " is finished");
      return;
    }
    write();
    log_info("wrote " + file.string());
  }

  /// The rows that are looked at, in the order in which they were drawn.
  std::vector<Row> draw_rows() const {
    std::vector<Row> all;
    const RowReadingSettings& reading = settings_.reading;
    for (const std::string& path : settings_.data) {
      SkippedRows skipped;
      for (Record& record : read_records(path, reading.line_limit(), reading.skip_bad_rows ? &skipped : nullptr)) {
        all.push_back({&path, std::move(record)});
      }
    }
    const auto order =
        permutation(static_cast<std::int64_t>(all.size()), static_cast<std::uint64_t>(settings_.common.seed), 0);
    std::vector<Row> drawn;
    for (const std::int64_t row : order) {
      if (static_cast<std::int64_t>(drawn.size()) == settings_.examples) break;
      drawn.push_back(std::move(all[row]));
    }
    return drawn;
  }

  void write_directions(const fs::path& file, const ExpertDirectory& expert) const {
    std::map<std::string, at::Tensor> vectors;
    for (const auto& [path, lora] : expert.loras()) {
      vectors[path] =
          arrow_direction(to_tensor(lora.a, at::kCPU, at::kDouble), to_tensor(lora.b, at::kCPU, at::kDouble));
    }
    write_vectors(file, vectors, expert);
  }

  void write_mean_inputs(const fs::path& file, const ExpertDirectory& expert) const {
    std::vector<Example> examples;
    std::map<std::string, RowEncoder> encoders;  // by file
    for (const Row& row : draw_rows()) {
      const Tokenizer* tokenizer = tokenizer_ ? &*tokenizer_ : nullptr;
      RowEncoder& encoder = encoders.try_emplace(*row.file, tokenizer, config_.vocab_size).first->second;
      row.in_place([&] {
        TokenIds input = encoder.input(row.record, settings_.max_input);
        examples.push_back({std::move(input), encoder.target(row.record, settings_.max_target)});
      });
    }
    for (const auto& [rows, encoder] : encoders) encoder.notes().warn(rows, std::ssize(examples));
    T5Model model = load_base(settings_.model, device_, dtype_);
    load_adapters(expert, linear_groups(config_), model.device())->attach(model);
    const std::vector<at::Tensor> means = mean_inputs(model, examples, settings_.pass_tokens);
    std::map<std::string, at::Tensor> vectors;
    for (std::size_t g = 0; g < means.size(); ++g) {
      for (const LinearSpec& linear : model.groups()[g]->spec().linears) {
        if (expert.loras().contains(linear.path)) vectors[linear.path] = means[g];
      }
    }
    write_vectors(file, vectors, expert);
  }

  void write_vectors(const fs::path& file, const std::map<std::string, at::Tensor>& vectors,
                     const ExpertDirectory& expert) const {
    std::vector<NamedTensor> tensors;
    std::map<std::string, TensorView> views;
    for (const auto& [path, vector] : vectors) views.emplace(path, tensors.emplace_back(to_named(path, vector)).view);
    write_safetensors(file, std::move(tensors),
                      {{"made_from", made_from(expert).dump()}, {kHashKey, tensor_hash(views)}});
  }

  void write_examples(const fs::path& file, const ExpertDirectory& expert) const {
    std::optional<T5Model> model;
    std::unique_ptr<SentenceEncoder> encoder;
    if (settings_.encoder) {
      encoder = load_sentence_encoder(*settings_.encoder, device_);
    } else {
      if (!tokenizer_) {
        fail(ExitCode::bad_data, {.where = settings_.model,
                                  .found = "a base without tokenizer, and no --encoder",
                                  .expected = "a sentence encoder for the examples"});
      }
      model.emplace(load_base(settings_.model, device_, dtype_));
      encoder = std::make_unique<BaseSentenceEncoder>(*model, *tokenizer_, fingerprint_);
    }
    Json made = made_from(expert);
    made["encoder"] = encoder->fingerprint();
    write_if_new(file, made, [&] {
      std::vector<std::string> texts;
      std::map<std::string, RowNotes> notes;  // by file
      for (const Row& row : draw_rows()) {
        row.in_place([&] { texts.push_back(retrieval_text(row.record, tokenizer_ ? &*tokenizer_ : nullptr)); });
        if (!encoder->cuts(texts.back())) continue;
        notes[*row.file].add(RowNote::cut_retrieval_text, row.record.line, encoder->max_length());
      }
      for (const auto& [rows, of_rows] : notes) of_rows.warn(rows, std::ssize(texts));
      const at::Tensor embeddings = encoder->embed(texts).contiguous();  // [n, D]
      write_embeddings(file, to_named("embeddings", embeddings).view, encoder->name(), encoder->fingerprint(),
                       made.dump());
      log_info(fmt::format("{} embeddings by {}", texts.size(), encoder->name()));
    });
  }

  const PrepareSettings& settings_;
  at::Device device_;
  at::ScalarType dtype_;
  T5Config config_;
  std::string fingerprint_;
  std::optional<Tokenizer> tokenizer_;
};

}  // namespace

void prepare_experts(const PrepareSettings& settings, at::Device device, at::ScalarType dtype) {
  const std::vector<NamedDirectory> experts = settings.checked_experts();
  Preparation preparation(settings, device, dtype);
  for (const NamedDirectory& expert : experts) preparation.run(expert.path);
}

}  // namespace phatgoose
