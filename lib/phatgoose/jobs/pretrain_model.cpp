#include "phatgoose/jobs/pretrain_model.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "phatgoose/base/error.h"
#include "phatgoose/base/log.h"
#include "phatgoose/text/tokenizer_files.h"
#include "phatgoose/text/vocabulary.h"

namespace phatgoose {

namespace {

bool has_sizes(const PretrainSettings& settings) {
  return settings.layers || settings.d_model || settings.d_ff || settings.heads || settings.d_kv;
}

/// Linears whose learning rate is scaled: the queries of every attention.
bool is_query(const std::string& path) { return path.ends_with("Attention.q"); }

}  // namespace

void check_model_settings(const PretrainSettings& settings) {
  const bool vocabulary = settings.vocab || settings.make_vocab;
  if (settings.init && (vocabulary || settings.model_config || has_sizes(settings) || settings.embedding_std)) {
    refuse_usage("--init", "given with a vocabulary, a size or --embedding-std",
                 "none of them: they come from the model it names");
  }
  if (!settings.init && !vocabulary) refuse_usage("--vocab", "missing", "--vocab, --make-vocab or --init");
  if (settings.vocab && settings.make_vocab) refuse_usage("--make-vocab", "given with --vocab", "one of them");
  if (settings.model_config && has_sizes(settings)) {
    refuse_usage("--model-config", "given with sizes", "sizes in one place");
  }
}

void provide_vocabulary(const PretrainSettings& settings, const std::vector<fs::path>& text) {
  const fs::path out = settings.out;
  if (has_tokenizer(out)) return;
  if (settings.init) {
    copy_tokenizer_files(*settings.init, out);
  } else if (settings.make_vocab) {
    log_info(fmt::format("making a vocabulary of {} pieces", *settings.make_vocab));
    const VocabularyOptions options{.pieces = *settings.make_vocab,
                                    .max_line_bytes = settings.reading.line_limit(),
                                    .marked = settings.salient.has_value()};
    train_vocabulary(text, options, settings.out);
  } else {
    write_file(out / "spiece.model", read_file(*settings.vocab));
  }
}

T5Config first_config(const PretrainSettings& settings, std::int64_t vocab_size) {
  if (settings.model_config) {
    T5Config config = parse_t5_config(read_json(*settings.model_config), *settings.model_config);
    config.vocab_size = vocab_size;
    return config;
  }
  T5Config config;
  config.vocab_size = vocab_size;
  config.num_layers = config.num_decoder_layers = settings.layers.value_or(3);
  config.d_model = settings.d_model.value_or(192);
  config.d_ff = settings.d_ff.value_or(384);
  config.num_heads = settings.heads.value_or(3);
  config.d_kv = settings.d_kv.value_or(64);
  config.tie_word_embeddings = false;
  config.scale_decoder_outputs = false;
  return config;
}

T5Model first_model(const PretrainSettings& settings, std::int64_t vocab_size, at::Device device) {
  if (settings.init) return T5Model::load(*settings.init, device, at::kFloat);
  const T5Config config = first_config(settings, vocab_size);
  const bool separate_head = !config.scale_decoder_outputs;  // METHODS 2: who scales uses the embedding as head
  T5Model model =
      T5Model::random(config, separate_head, static_cast<std::uint64_t>(settings.common.seed), device, at::kFloat);
  const auto named = model.named_parameters();
  const auto embedding = std::ranges::find(named, "shared.weight", [](const auto& entry) { return entry.first; });
  embedding->second.mul_(settings.embedding_std.value_or(1));  // drawn with standard deviation 1
  return model;
}

std::vector<Parameter> all_parameters(const T5Model& model, double query_lr_scale) {
  std::vector<Parameter> parameters;
  const auto fused = [&](const at::Tensor& tensor) {
    return std::ranges::any_of(model.groups(), [&](const auto& group) { return group->weight().is_same(tensor); });
  };
  for (auto& [name, tensor] : model.storage_parameters()) {
    tensor.set_requires_grad(true);
    if (!fused(tensor)) parameters.push_back({.name = name, .leaf = tensor});
  }
  for (const auto& group : model.groups()) {
    for (std::size_t i = 0; i < group->spec().linears.size(); ++i) {
      const LinearSpec& linear = group->spec().linears[i];
      parameters.push_back({.name = linear.path + ".weight",
                            .leaf = group->weight(),
                            .first_row = group->begin(i),
                            .rows = linear.out,
                            .lr_scale = is_query(linear.path) ? query_lr_scale : 1.0});
    }
  }
  return parameters;
}

}  // namespace phatgoose
