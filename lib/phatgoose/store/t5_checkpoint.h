// The configuration and the tensors of a T5 directory, and what each tensor is (METHODS: base model, head and scaling).
#pragma once

#include <memory>
#include <string>

#include "phatgoose/store/t5_config.h"
#include "phatgoose/store/t5_names.h"
#include "phatgoose/store/tensor_archive.h"

namespace phatgoose {

// Hugging Face names of the tensors that are neither linears nor tables of words; `stack` is "encoder" or "decoder".
std::string position_table_name(const std::string& stack);
std::string layer_norm_name(const std::string& stack, std::int64_t block, int layer);
std::string final_norm_name(const std::string& stack);

struct T5Checkpoint {
  T5Config config;
  std::unique_ptr<TensorArchive> tensors;
  std::string embedding{};     ///< the name under which it is stored
  bool separate_head = false;  ///< whether lm_head.weight is stored and is not the embedding once more
};

/// The name of the embedding in a checkpoint; that of the head where nothing else is stored ("shared.weight" where that
/// is missing too).
std::string embedding_name(const TensorArchive& tensors);

/// Reads config.json and opens the weights. Nothing that is stored is passed over in silence: a second embedding that
/// differs from the first, tensors of the two stacks that the configuration knows nothing of, and integers in place of
/// weights are bad_data; tensors besides those of the model are named in a log line. Whether all tensors are there, in
/// the right shapes, shows when they are read.
T5Checkpoint open_t5_checkpoint(const fs::path& directory);

}  // namespace phatgoose
