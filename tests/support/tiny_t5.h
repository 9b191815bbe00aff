// A random T5 small enough for any test, and random rows for it.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "phatgoose/base/random.h"
#include "phatgoose/nn/t5_model.h"

namespace phatgoose::test {

inline T5Config tiny_config() {
  T5Config config;
  config.vocab_size = 120;
  config.d_model = 32;
  config.d_kv = 8;
  config.d_ff = 48;
  config.num_layers = 2;
  config.num_decoder_layers = 2;
  config.num_heads = 3;
  config.tie_word_embeddings = false;
  return config;
}

inline T5Model tiny_model(std::uint64_t seed = 1) {
  return T5Model::random(tiny_config(), true, seed, at::kCPU, at::kFloat);
}

/// `length` ids, the last of them EOS.
inline TokenIds random_ids(RandomStream& random, std::int64_t length) {
  TokenIds ids;
  for (std::int64_t i = 0; i + 1 < length; ++i) ids.push_back(static_cast<TokenId>(3 + random.below(110)));
  ids.push_back(kEosId);
  return ids;
}

}  // namespace phatgoose::test
