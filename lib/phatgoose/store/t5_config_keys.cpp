#include "phatgoose/store/t5_config_keys.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "phatgoose/base/error.h"
#include "phatgoose/base/log.h"

namespace phatgoose {
namespace {

/// What parse_t5_config reads.
constexpr auto kReadKeys = std::to_array<std::string_view>(
    {"model_type", "vocab_size", "d_model", "d_kv", "d_ff", "num_layers", "num_decoder_layers", "num_heads",
     "relative_attention_num_buckets", "relative_attention_max_distance", "dropout_rate", "layer_norm_epsilon",
     "feed_forward_proj", "tie_word_embeddings", "scale_decoder_outputs", "pad_token_id", "eos_token_id",
     "decoder_start_token_id"});

/// What `transformers`, of any version, writes into the config.json of a T5 and what changes no log-likelihood.
constexpr auto kNeutral = std::to_array<std::string_view>(
    {// where the file comes from
     "_name_or_path", "name_or_path", "_commit_hash", "transformers_version", "tokenizer_class", "_num_labels",
     // number types and kernels, which are chosen by options here
     "torch_dtype", "dtype", "use_bfloat16", "attn_implementation", "_attn_implementation",
     "_attn_implementation_internal", "_attn_implementation_autoset", "_experts_implementation",
     "chunk_size_feed_forward", "torchscript",
     // initialisation and training
     "initializer_factor", "gradient_checkpointing", "tf_legacy_loss",
     // what a call returns
     "use_cache", "output_past", "output_hidden_states", "output_attentions", "return_dict", "use_return_dict",
     "tie_last_hidden_states",
     // other heads and tasks
     "classifier_dropout", "num_labels", "id2label", "label2id", "problem_type", "finetuning_task",
     "task_specific_params", "prefix",
     // what T5 has no use for
     "n_positions", "is_decoder", "add_cross_attention", "cross_attention_hidden_size", "bos_token_id", "sep_token_id",
     "cls_token_id", "mask_token_id", "unk_token_id",
     // defaults of generate(); generation here is greedy
     "assistant_confidence_threshold", "assistant_lookbehind", "bad_words_ids", "begin_suppress_tokens",
     "diversity_penalty", "do_sample", "early_stopping", "encoder_no_repeat_ngram_size", "encoder_repetition_penalty",
     "epsilon_cutoff", "eta_cutoff", "exponential_decay_length_penalty", "forced_bos_token_id", "forced_eos_token_id",
     "length_penalty", "max_length", "max_new_tokens", "min_length", "no_repeat_ngram_size", "num_assistant_tokens",
     "num_assistant_tokens_schedule", "num_beam_groups", "num_beams", "num_return_sequences", "output_scores",
     "penalty_alpha", "remove_invalid_values", "repetition_penalty", "return_dict_in_generate", "suppress_tokens",
     "target_lookbehind", "temperature", "top_k", "top_p", "typical_p"});

/// Classes whose weights and computation are those of T5ForConditionalGeneration.
constexpr std::array<std::string_view, 3> kArchitectures = {"T5ForConditionalGeneration", "T5WithLMHeadModel",
                                                            "T5Model"};

/// A key that would change the computation, and the only value that leaves it as it is here.
struct Decided {
  std::string_view key;
  Json value;
};

std::vector<Decided> decided_keys(const T5Config& config) {
  const bool gated = config.feed_forward == FeedForwardKind::gated_gelu;
  return {{"is_encoder_decoder", true},
          {"tie_encoder_decoder", false},
          {"is_gated_act", gated},
          {"dense_act_fn", gated ? "gelu_new" : "relu"},
          // Other names of the sizes, which for `transformers` win over the usual ones.
          {"hidden_size", config.d_model},
          {"head_dim", config.d_kv},
          {"num_hidden_layers", config.num_layers},
          {"num_attention_heads", config.num_heads}};
}

/// Keys that mean something else altogether as soon as they hold anything.
constexpr std::array<std::string_view, 4> kEmptyOnly = {"quantization_config", "pruned_heads", "per_layer_config",
                                                        "configuration_files"};

bool is_any_of(std::string_view key, const auto& keys) {
  return std::find(std::begin(keys), std::end(keys), key) != std::end(keys);
}

void check_architectures(const Json& value, const std::string& where) {
  if (!value.is_array() || value.empty()) return;
  const bool known = std::any_of(value.begin(), value.end(), [](const Json& name) {
    return name.is_string() && is_any_of(name.get_ref<const std::string&>(), kArchitectures);
  });
  if (known) return;
  refuse(where, "architectures " + value.dump(), "\"T5ForConditionalGeneration\"",
         "the base must be an encoder-decoder that generates text");
}

}  // namespace

void check_t5_config_keys(const Json& json, const T5Config& config, const std::string& where) {
  const std::vector<Decided> decided = decided_keys(config);
  std::string unknown;
  for (const auto& [key, value] : json.items()) {
    if (value.is_null() || is_any_of(key, kReadKeys) || is_any_of(key, kNeutral)) continue;
    const auto found =
        std::find_if(decided.begin(), decided.end(), [&key = key](const Decided& row) { return row.key == key; });
    if (found != decided.end()) {
      if (value != found->value)
        refuse(where, key + " " + value.dump(), found->value.dump() + ", as the other keys say");
    } else if (is_any_of(key, kEmptyOnly)) {
      if (!value.empty()) refuse(where, "a " + key, "a plain T5 without one");
    } else if (key == "architectures") {
      check_architectures(value, where);
    } else {
      unknown += (unknown.empty() ? "" : ", ") + key;
    }
  }
  if (!unknown.empty()) log_info_once(where + ": ignored keys: " + unknown);
}

}  // namespace phatgoose
