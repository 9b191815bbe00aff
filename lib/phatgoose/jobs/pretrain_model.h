// The model that pretraining starts from, its vocabulary, and what is trained of it.
#pragma once

#include <vector>

#include "phatgoose/nn/t5_model.h"
#include "phatgoose/settings/pretrain.h"
#include "phatgoose/train/optimizer.h"

namespace phatgoose {

/// Usage error where the settings that name model and vocabulary exclude each other or leave one open.
void check_model_settings(const PretrainSettings& settings);

/// Puts a tokenizer into settings.out: the files of settings.init, settings.vocab, or a vocabulary made from `text`.
/// Left alone when there is one already.
void provide_vocabulary(const PretrainSettings& settings, const std::vector<fs::path>& text);

/// A T5-v1.1-shaped configuration with a head of its own, or settings.model_config, for `vocab_size` tokens.
T5Config first_config(const PretrainSettings& settings, std::int64_t vocab_size);

/// settings.init, or random weights; fp32.
T5Model first_model(const PretrainSettings& settings, std::int64_t vocab_size, at::Device device);

/// Makes every weight of `model` trainable. The queries, whose initial weights are smaller by sqrt(K), have their own
/// learning rate.
std::vector<Parameter> all_parameters(const T5Model& model, double query_lr_scale);

}  // namespace phatgoose
