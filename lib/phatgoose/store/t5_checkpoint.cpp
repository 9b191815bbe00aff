#include "phatgoose/store/t5_checkpoint.h"

#include <set>

#include "phatgoose/base/error.h"
#include "phatgoose/base/log.h"
#include "phatgoose/store/float_values.h"

namespace phatgoose {
namespace {

/// Parts of the model, by the beginning of a name: what is stored there was meant to be computed with.
constexpr std::array<std::string_view, 4> kModules = {"encoder.", "decoder.", "shared.", "lm_head."};

void add_stack(std::set<std::string>& names, const std::string& stack, std::int64_t blocks, int layers) {
  names.insert(position_table_name(stack));
  for (std::int64_t block = 0; block < blocks; ++block) {
    for (int layer = 0; layer < layers; ++layer) names.insert(layer_norm_name(stack, block, layer));
  }
  names.insert(final_norm_name(stack));
}

/// All tensors of the model but embedding and head.
std::set<std::string> names_within(const T5Config& config) {
  std::set<std::string> names;
  for (const LinearSpec& linear : adapted_linears(config)) names.insert(linear.path + ".weight");
  add_stack(names, "encoder", config.num_layers, 2);
  add_stack(names, "decoder", config.num_decoder_layers, 3);
  return names;
}

/// "a, b, c and 4 more"
std::string listed(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 3;
  std::string text;
  for (std::size_t i = 0; i < std::min(kShown, names.size()); ++i) text += (i == 0 ? "" : ", ") + names[i];
  return names.size() <= kShown ? text : text + " and " + std::to_string(names.size() - kShown) + " more";
}

/// Every tensor is one of the model's, or refused, or said.
void check_names(const TensorArchive& tensors, const T5Config& config, const std::string& where) {
  const std::set<std::string> model = names_within(config);
  std::vector<std::string> unused;
  for (const auto& [name, view] : tensors.tensors()) {
    if (name == kUnusedTable) continue;
    if (model.contains(name) || shares_embedding(name)) {
      if (!is_floating(view.dtype)) {
        refuse(tensors.where(name), std::string(name_of(view.dtype)) + " numbers", "floating-point weights",
               "use the model as it was before quantisation");
      }
      continue;
    }
    const auto begins = [&name = name](std::string_view module) { return name.starts_with(module); };
    if (std::any_of(kModules.begin(), kModules.end(), begins)) {
      refuse(tensors.where(name), "a tensor that the model does not have",
             "those of a T5 with " + std::to_string(config.num_layers) + " encoder and " +
                 std::to_string(config.num_decoder_layers) + " decoder layers, as config.json says",
             "weights and config.json must belong together");
    }
    unused.push_back(name);
  }
  if (!unused.empty()) log_info_once(where + ": ignored tensors: " + listed(unused));
}

/// `transformers` has read two tables in two ways: up to version 4 one of them was dropped, since version 5 each stack
/// uses its own.
void check_one_embedding(const TensorArchive& tensors, const std::string& embedding) {
  for (const std::string name : kEmbeddingNames) {
    if (name == embedding || !tensors.contains(name)) continue;
    if (equal_values(tensors.at(name), tensors.at(embedding))) {
      tensors.release(name);
      continue;
    }
    refuse(tensors.where(name), "not the embedding that is stored as " + embedding, "one embedding for both stacks",
           "remove the wrong one");
  }
}

void say_head(const T5Checkpoint& checkpoint, const std::string& where) {
  const T5Config& config = checkpoint.config;
  if (checkpoint.separate_head && config.tie_word_embeddings && config.scale_decoder_outputs) {
    log_info_once(where +
                  ": lm_head.weight differs from the embedding although tie_word_embeddings is true; it is the "
                  "head, as for transformers 5");
  }
  if (!checkpoint.separate_head && !config.tie_word_embeddings && !checkpoint.tensors->contains(kHeadName)) {
    log_info_once(where +
                  ": no lm_head.weight although tie_word_embeddings is false; the embedding is the head, as for "
                  "transformers 5");
  }
}

}  // namespace

std::string position_table_name(const std::string& stack) {
  return stack + ".block.0.layer.0.SelfAttention.relative_attention_bias.weight";
}

std::string layer_norm_name(const std::string& stack, std::int64_t block, int layer) {
  return stack + ".block." + std::to_string(block) + ".layer." + std::to_string(layer) + ".layer_norm.weight";
}

std::string final_norm_name(const std::string& stack) { return stack + ".final_layer_norm.weight"; }

std::string embedding_name(const TensorArchive& tensors) {
  for (const char* name : kEmbeddingNames) {
    if (tensors.contains(name)) return name;
  }
  return tensors.contains(kHeadName) ? kHeadName : kEmbeddingNames.front();
}

T5Checkpoint open_t5_checkpoint(const fs::path& directory) {
  const std::string where = directory.string();
  T5Checkpoint checkpoint{.config = read_t5_config(directory), .tensors = open_model_archive(directory)};
  const TensorArchive& tensors = *checkpoint.tensors;
  check_names(tensors, checkpoint.config, where);
  checkpoint.embedding = embedding_name(tensors);
  check_one_embedding(tensors, checkpoint.embedding);
  checkpoint.separate_head = tensors.contains(kHeadName) && tensors.contains(checkpoint.embedding) &&
                             !equal_values(tensors.at(kHeadName), tensors.at(checkpoint.embedding));
  say_head(checkpoint, where);
  return checkpoint;
}

}  // namespace phatgoose
